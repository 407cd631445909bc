import type { LimitFunction } from 'p-limit';
import { CopyError } from '../../mirror/copy-error.ts';
import { copyableContent, fetchManifest } from '../../mirror/source-image.ts';
import { allOrThrow } from '../../oci/async.ts';
import { digestTagSubject } from '../../oci/digest-tags.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RawManifest } from '../../oci/manifest.ts';
import { isIndexType } from '../../oci/media-types.ts';
import type { CopyTask } from '../engine.ts';
import { cosignTagsOf, findReferrers } from './find-referrers.ts';
import { type TargetState, type CopyEvents, MAX_DEPTH, ManifestCopy, tooDeep } from './manifest-copy.ts';
import { reduceIndex } from './reduce-index.ts';
import { ReferrersCopy } from './referrers-copy.ts';

/**
 * Copies the image whose manifest is `source`: its parts, what refers to it where that is wanted, then its tags.
 *
 * @param places for what is written; reading ahead and reading back go on beside it
 * @returns bytes sent
 */
export async function copyImage(
  task: CopyTask,
  state: TargetState,
  source: RawManifest,
  places: LimitFunction,
  { onTagVerified, onReferrersCopied }: CopyEvents,
): Promise<number> {
  const manifest = reduce(source, task);
  const platforms = manifest === source || task.platforms === 'all' ? {} : { platforms: task.platforms };
  const waiting = state.checkBeforePush ? await notHeld(task, manifest.digest) : task.tags;
  const isHeld = waiting.length < task.tags.length;
  // Believed for now: if it is not so, the target refuses the manifest, and all is brought after all.
  if (isHeld || (task.present && manifest === source))
    state.inventory.noteManifest(task.target.repository, manifest.digest);
  for (const tag of task.tags)
    if (!waiting.includes(tag)) onTagVerified(tag, { digest: manifest.digest, ...platforms });
  if (waiting.length === 0 && !task.referrers) return 0;
  const copy = new ManifestCopy(task, state);
  await copy.readAhead(manifest);
  const bringReferrers = await prepareReferrers(task, state, manifest, copy, onReferrersCopied);
  const stored: string[] = [];
  const [storing] = await Promise.allSettled([
    places(async () => {
      await copy.bringParts(manifest);
      await bringReferrers?.();
      await allOrThrow(
        waiting.map(async (tag) => {
          await task.beforeOverwrite(tag);
          await copy.put(manifest, tag);
          stored.push(tag);
        }),
      );
    }),
  ]);
  await allOrThrow(
    stored.map(async (tag) => {
      await readBack(task, tag, manifest.digest);
      onTagVerified(tag, { digest: manifest.digest, ...platforms });
    }),
  );
  if (storing.status === 'rejected') throw storing.reason;
  return copy.sent;
}

/**
 * Finds what refers to an image.
 *
 * @returns what brings it; undefined when there is nothing, or it is not wanted
 */
async function prepareReferrers(
  task: CopyTask,
  state: TargetState,
  manifest: RawManifest,
  copy: ManifestCopy,
  referred: CopyEvents['onReferrersCopied'],
): Promise<(() => Promise<void>) | undefined> {
  if (!task.referrers || task.tags.some((tag) => digestTagSubject(tag) !== undefined)) return undefined;
  const referrers = new ReferrersCopy(task, task.referrers, { copy, state, referred });
  const subjects = await subjectsIn(manifest, task, async (digest) => copy.fetch(digest));
  const tags = cosignTagsOf(task.referrers, subjects);
  const found = await findReferrers(task.source, task.referrers, subjects);
  if (found.size + tags.length === 0) return undefined;
  return async () => {
    // Whoever runs only what is signed must not see a tag before its signatures: at first the image is there by digest.
    await copy.put(manifest, manifest.digest);
    await referrers.bring(found);
    await referrers.bringTags(tags);
  };
}

/**
 * Copies what refers to an image that the target has, as far as it has not that too.
 *
 * @param open the target's state; not asked for when there is nothing to copy
 * @returns bytes sent
 */
export async function copyNewReferrers(
  task: CopyTask,
  open: () => Promise<TargetState>,
  referred: CopyEvents['onReferrersCopied'],
): Promise<number> {
  if (!task.referrers) return 0;
  const { client, repository, digest, mediaType } = task.source;
  const read = async (one: Digest): Promise<RawManifest> => fetchManifest(client, repository, one);
  const isSingle = mediaType !== undefined && !isIndexType(mediaType);
  const subjects = isSingle ? [digest] : await subjectsIn(reduce(await read(digest), task), task, read);
  const tags = cosignTagsOf(task.referrers, subjects);
  const found = await findReferrers(task.source, task.referrers, subjects);
  if (found.size + tags.length === 0) return 0;
  const state = await open();
  const copy = new ManifestCopy(task, state);
  const referrers = new ReferrersCopy(task, task.referrers, { copy, state, referred });
  await referrers.bring(found);
  await referrers.bringTags(tags);
  return copy.sent;
}

/** The source's manifests in `manifest`, itself and all that indexes hold: something may refer to each. */
async function subjectsIn(
  manifest: RawManifest,
  task: CopyTask,
  read: (digest: Digest) => Promise<RawManifest>,
): Promise<Set<Digest>> {
  const { client, repository, digest: whole } = task.source;
  const digests = new Set<Digest>();
  const walk = async (one: RawManifest, depth: number): Promise<void> => {
    digests.add(one.digest);
    const content = copyableContent(one, client, repository);
    if (content.kind !== 'index') return;
    if (depth === MAX_DEPTH) throw tooDeep(task);
    const children = content.children.filter(({ digest }) => !digests.has(digest));
    for (const { digest } of children) digests.add(digest);
    const indexes = children.filter(({ mediaType }) => isIndexType(mediaType));
    await allOrThrow(indexes.map(async ({ digest }) => walk(await read(digest), depth + 1)));
  };
  await walk(manifest, 0);
  // An index that was reduced is the mirror's own.
  if (manifest.digest !== whole) digests.delete(manifest.digest);
  return digests;
}

function reduce(manifest: RawManifest, { source, platforms }: CopyTask): RawManifest {
  const content = copyableContent(manifest, source.client, source.repository);
  if (content.kind !== 'index' || platforms === 'all') return manifest;
  const reduced = reduceIndex(manifest, content.children, platforms);
  if (reduced) return reduced;
  const name = `${source.client.registry}/${source.repository}@${source.digest}`;
  throw new CopyError(
    `${name} has no image for ${platforms.join(', ')}: name another platform in "platforms"`,
    {
      retryable: false,
    },
  );
}

/** The tags under which the target does not hold `digest` yet. */
async function notHeld({ tags, target }: CopyTask, digest: Digest): Promise<string[]> {
  const { client, repository } = target;
  const heads = await Promise.all(
    tags.map(async (tag) => client.findManifest(repository, tag).catch(() => undefined)),
  );
  return tags.filter((_, index) => heads[index]?.digest !== digest);
}

async function readBack({ target }: CopyTask, tag: string, digest: Digest): Promise<void> {
  const head = await target.client.headManifest(target.repository, tag);
  if (head?.digest === digest) return;
  // A header is soon wrong: the manifest itself tells.
  const held = await target.client.getManifest(target.repository, tag);
  if (held?.digest === digest) return;
  const name = `${target.client.registry}/${target.repository}:${tag}`;
  throw new CopyError(
    `${name} was pushed as ${digest}, but the target says it holds ${held?.digest ?? 'nothing'}`,
    {
      retryable: true,
    },
  );
}
