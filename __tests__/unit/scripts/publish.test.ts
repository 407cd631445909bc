import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { GitHubRepository } from '../../../scripts/release/github.ts';
import { publishRelease } from '../../../scripts/release/publish.ts';
import { type ReleasesStandIn, startReleases } from '../../support/github/releases.ts';
import { TOKENS } from '../../support/github/tokens.ts';

const Sha = v.object({ sha: v.string() });
const Refs = v.array(v.object({ ref: v.string(), object: Sha }));
const Releases = v.array(v.looseObject({ draft: v.boolean(), assets: v.array(v.looseObject({})) }));

interface World {
  readonly github: ReleasesStandIn;
  readonly publish: (
    tag: string,
    options?: { dryRun?: boolean; commit?: string; token?: string },
  ) => Promise<string>;
  /** Makes a commit on main, and a tag of it. */
  readonly tagCommit: (tag: string) => Promise<string>;
  readonly tags: () => Promise<Record<string, string>>;
}

async function inWorld(test: (world: World) => Promise<void>): Promise<void> {
  const github = await startReleases();
  const from = await mkdtemp(join(tmpdir(), 'publish-'));
  try {
    await test({
      github,
      publish: async (tag, { dryRun = false, commit = github.head, token = TOKENS.write } = {}) => {
        await writeFile(join(from, 'release.json'), JSON.stringify({ tag, commit }));
        await writeFile(join(from, 'notes.md'), `### Fixed\n\n- What ${tag} fixes.\n`);
        await writeFile(join(from, 'sbom.cdx.json'), '{}');
        await writeFile(join(from, 'checksums.txt'), 'abc  dist/index.js\n');
        const lines: string[] = [];
        const repository = new GitHubRepository({
          apiUrl: github.apiUrl,
          repository: github.repository,
          token,
        });
        await publishRelease({ github: repository, from, dryRun, log: (line) => lines.push(line) });
        return lines.join('\n');
      },
      tagCommit: async (tag) => {
        await github.send('PUT', `/contents/${tag}.txt`, {
          message: tag,
          content: Buffer.from(tag).toString('base64'),
        });
        const { sha } = v.parse(Sha, await github.get('/commits/main'));
        await github.send('POST', '/git/refs', { ref: `refs/tags/${tag}`, sha });
        return sha;
      },
      tags: async () => {
        const refs = v.parse(Refs, await github.get('/git/matching-refs/tags/v'));
        return Object.fromEntries(refs.map(({ ref, object }) => [ref.replace('refs/tags/', ''), object.sha]));
      },
    });
    expect(github.violations).toEqual([]);
  } finally {
    await github.close();
    await rm(from, { recursive: true });
  }
}

describe('publishRelease', () => {
  it('publishes the notes and the assets, and creates v1 and v1.0', async () => {
    await inWorld(async ({ github, publish, tagCommit, tags }) => {
      const commit = await tagCommit('v1.0.0');
      const log = await publish('v1.0.0', { commit });
      expect(await tags()).toEqual({ 'v1.0.0': commit, 'v1.0': commit, v1: commit });
      const [release] = v.parse(Releases, await github.get('/releases'));
      expect(release).toMatchObject({
        tag_name: 'v1.0.0',
        name: 'v1.0.0',
        body: '### Fixed\n\n- What v1.0.0 fixes.\n',
        draft: false,
        prerelease: false,
        assets: expect.arrayContaining([
          expect.objectContaining({ name: 'sbom.cdx.json', content_type: 'application/vnd.cyclonedx+json' }),
          expect.objectContaining({ name: 'checksums.txt', content_type: 'text/plain' }),
        ]) as unknown,
      });
      expect(github.writes.find(({ method }) => method === 'PATCH')?.body).toEqual({
        draft: false,
        make_latest: 'true',
      });
      expect(log).toContain('Published v1.0.0');
    });
  });

  it('moves v1 and v1.2 to a newer release, and only v1.1 for a fix of an old version', async () => {
    await inWorld(async ({ publish, tagCommit, tags, github }) => {
      for (const tag of ['v1.1.0', 'v1.2.0', 'v1.2.1']) await publish(tag, { commit: await tagCommit(tag) });
      const latest = (await tags())['v1.2.1'];
      expect(await tags()).toMatchObject({ v1: latest, 'v1.2': latest });
      const fix = await tagCommit('v1.1.1');
      await publish('v1.1.1', { commit: fix });
      expect(await tags()).toMatchObject({ v1: latest, 'v1.2': latest, 'v1.1': fix });
      expect(github.writes.findLast(({ path }) => path.startsWith('/releases/'))?.body).toMatchObject({
        make_latest: 'false',
      });
    });
  });

  it('marks a prerelease as one and moves no tag', async () => {
    await inWorld(async ({ github, publish, tagCommit, tags }) => {
      await publish('v2.0.0-rc.1', { commit: await tagCommit('v2.0.0-rc.1') });
      expect(Object.keys(await tags())).toEqual(['v2.0.0-rc.1']);
      expect(await github.get('/releases')).toEqual([
        expect.objectContaining({ prerelease: true, draft: false }),
      ]);
    });
  });

  it('writes nothing in a dry run, also without the tag', async () => {
    await inWorld(async ({ github, publish, tags }) => {
      const log = await publish('v1.0.0', { dryRun: true });
      expect(github.writes).toEqual([]);
      expect(await tags()).toEqual({});
      expect(log).toContain(
        'Would publish v1.0.0 as the latest release with sbom.cdx.json and checksums.txt',
      );
      expect(log).toContain('- What v1.0.0 fixes.');
      expect(log).toContain(`Would create v1 to ${github.head}`);
    });
  });

  it('follows an annotated tag to its commit', async () => {
    await inWorld(async ({ github, publish, tags }) => {
      const annotated = await github.send('POST', '/git/tags', {
        tag: 'v1.0.0',
        message: 'v1.0.0',
        object: github.head,
        type: 'commit',
      });
      const { sha } = v.parse(Sha, annotated);
      await github.send('POST', '/git/refs', { ref: 'refs/tags/v1.0.0', sha });
      await publish('v1.0.0');
      expect(await tags()).toEqual({ 'v1.0.0': sha, 'v1.0': github.head, v1: github.head });
    });
  });

  it('publishes nothing once the tag names another commit than was checked', async () => {
    await inWorld(async ({ github, publish, tagCommit }) => {
      const moved = await tagCommit('v1.0.0');
      await expect(publish('v1.0.0', { commit: github.head })).rejects.toThrow(
        `v1.0.0 is now ${moved}, but ${github.head} was checked and built`,
      );
      expect(github.writes).toEqual([]);
    });
  });

  it('continues with the draft of a run that failed, and replaces its assets', async () => {
    await inWorld(async ({ github, publish, tagCommit, tags }) => {
      const commit = await tagCommit('v1.0.0');
      github.failingUploads = 1;
      await expect(publish('v1.0.0', { commit })).rejects.toThrow('502');
      expect(await tags()).toEqual({ 'v1.0.0': commit });
      await publish('v1.0.0', { commit });
      const releases = v.parse(Releases, await github.get('/releases'));
      expect(releases.map(({ draft, assets }) => [draft, assets.length])).toEqual([[false, 2]]);
    });
  });

  it('leaves a published release as it is, and moves the tags that a failed run left', async () => {
    await inWorld(async ({ github, publish, tagCommit, tags }) => {
      const commit = await tagCommit('v1.0.0');
      await github.send('POST', '/releases', { tag_name: 'v1.0.0', body: 'By hand.' });
      const log = await publish('v1.0.0', { commit });
      expect(log).toContain('v1.0.0 is published already');
      expect(await github.get('/releases')).toEqual([expect.objectContaining({ body: 'By hand.' })]);
      expect(await tags()).toEqual({ 'v1.0.0': commit, 'v1.0': commit, v1: commit });
    });
  });

  it("passes GitHub's refusal on without the token", async () => {
    await inWorld(async ({ publish, tagCommit }) => {
      const commit = await tagCommit('v1.0.0');
      const failure = await publish('v1.0.0', { commit, token: 'ghs_wrong' }).then(String, String);
      expect(failure).toContain('401: Bad credentials');
      expect(failure).not.toContain('ghs_wrong');
    });
  });
});

/** Modules that a file imports, those of its own files included; dynamic imports are left out. */
function importsOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const names = Array.from(
    readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type ).*?from '(.+)';$|^\} from '(.+)';$/gm),
    ([, a, b]) => a ?? b ?? '',
  );
  return names.flatMap((name) =>
    name.startsWith('.') ? importsOf(join(dirname(file), name), seen) : [name],
  );
}

describe('the steps that may write', () => {
  it.each(['release.ts', 'commit-dist.ts'])('%s imports nothing but Node', (name) => {
    const file = fileURLToPath(new URL(`../../../scripts/${name}`, import.meta.url));
    const imports = importsOf(file);
    expect(imports.length).toBeGreaterThan(2);
    expect(imports.filter((module) => !module.startsWith('node:'))).toEqual([]);
  });
});
