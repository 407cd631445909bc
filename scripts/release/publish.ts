import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GitHubRepository, booleanAt, listAt, numberAt, textAt } from './github.ts';
import { type Version, isLatest, movingTags, parseTag } from './version.ts';

export interface PublishOptions {
  readonly github: GitHubRepository;
  /** Folder that `prepareRelease` wrote. */
  readonly from: string;
  /** Reads, and logs what would be written. */
  readonly dryRun: boolean;
  readonly log: (line: string) => void;
}

/** Files of the folder that become assets, with their media types. */
const ASSETS = [
  ['sbom.cdx.json', 'application/vnd.cyclonedx+json'],
  ['checksums.txt', 'text/plain'],
] as const;

/**
 * Publishes a prepared release and moves the tags. Started again after it failed, it continues: a draft is reused, and a
 * published release is left as it is.
 * @throws if the tag no longer names the commit that was prepared, or if GitHub refuses
 */
export async function publishRelease(options: PublishOptions): Promise<void> {
  const { github, from } = options;
  const prepared: unknown = JSON.parse(readFileSync(join(from, 'release.json'), 'utf8'));
  const [tag, commit] = [textAt(prepared, 'tag'), textAt(prepared, 'commit')];
  const version = parseTag(tag);
  if (version === undefined) throw new Error(`${tag} is no version`);
  if (!options.dryRun) await checkTag(github, tag, commit);
  const refs = listAt(await github.get('/git/matching-refs/tags/v'));
  const tags = refs.map((ref) => textAt(ref, 'ref').slice('refs/tags/'.length));
  await createRelease(options, version, isLatest(version, tags));
  for (const moving of movingTags(version, tags))
    await moveTag(options, moving, commit, tags.includes(moving));
}

async function checkTag(github: GitHubRepository, tag: string, commit: string): Promise<void> {
  let target = await github.get(`/git/ref/tags/${tag}`);
  // An annotated tag is an object of its own that names the commit.
  while (textAt(target, 'object', 'type') === 'tag')
    target = await github.get(`/git/tags/${textAt(target, 'object', 'sha')}`);
  const tagged = textAt(target, 'object', 'sha');
  if (tagged !== commit)
    throw new Error(`${tag} is now ${tagged}, but ${commit} was checked and built. Tag anew.`);
}

async function createRelease(options: PublishOptions, version: Version, latest: boolean): Promise<void> {
  const { github, from, dryRun, log } = options;
  const notes = readFileSync(join(from, 'notes.md'), 'utf8');
  // A draft is found in the list alone: /releases/tags/{tag} has published ones only.
  const found = (await github.list('/releases')).find(
    (release) => textAt(release, 'tag_name') === version.tag,
  );
  if (found !== undefined && !booleanAt(found, 'draft')) {
    log(`${version.tag} is published already: ${textAt(found, 'html_url')}`);
    return;
  }
  const prerelease = version.prerelease !== undefined;
  if (dryRun) {
    const kind = prerelease
      ? 'a prerelease'
      : latest
        ? 'the latest release'
        : 'a release that is not the latest';
    log(
      `Would publish ${version.tag} as ${kind} with ${ASSETS.map(([name]) => name).join(' and ')} and the notes:`,
    );
    log(notes);
    return;
  }
  const fields = { tag_name: version.tag, name: version.tag, body: notes, draft: true, prerelease };
  // A draft first: with immutable releases, nothing can be added to a published one.
  const draft =
    found === undefined
      ? await github.send('POST', '/releases', fields)
      : await github.send('PATCH', `/releases/${numberAt(found, 'id')}`, fields);
  await uploadAssets(options, draft);
  const published = await github.send('PATCH', `/releases/${numberAt(draft, 'id')}`, {
    draft: false,
    make_latest: latest ? 'true' : 'false',
  });
  log(`Published ${version.tag}: ${textAt(published, 'html_url')}`);
}

async function uploadAssets({ github, from }: PublishOptions, draft: unknown): Promise<void> {
  // An upload that broke off leaves an asset of that name, which can't be written again.
  for (const asset of await github.list(`/releases/${numberAt(draft, 'id')}/assets`))
    await github.send('DELETE', `/releases/assets/${numberAt(asset, 'id')}`);
  const url = textAt(draft, 'upload_url').replace(/\{.*\}$/, '');
  for (const [name, mediaType] of ASSETS)
    await github.upload(url, name, readFileSync(join(from, name)), mediaType);
}

async function moveTag(
  { github, dryRun, log }: PublishOptions,
  tag: string,
  commit: string,
  exists: boolean,
): Promise<void> {
  if (dryRun) return log(`Would ${exists ? 'move' : 'create'} ${tag} to ${commit}`);
  if (exists) await github.send('PATCH', `/git/refs/tags/${tag}`, { sha: commit, force: true });
  else await github.send('POST', '/git/refs', { ref: `refs/tags/${tag}`, sha: commit });
  log(`${exists ? 'Moved' : 'Created'} ${tag}: ${commit}`);
}
