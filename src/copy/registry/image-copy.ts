import { CopyError } from '../../mirror/copy-error.ts';
import { copyableContent, entryKind } from '../../mirror/source-image.ts';
import { allOrThrow } from '../../oci/async.ts';
import { digestTagSubject } from '../../oci/digest-tags.ts';
import type { RegistryClient } from '../../oci/client.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Descriptor, RawManifest } from '../../oci/manifest.ts';
import { isIndexType } from '../../oci/media-types.ts';
import { canonicalPlatform } from '../../oci/platform.ts';
import type { CopyObserver, CopyTask, VerifiedTag } from '../engine.ts';
import type { Member } from '../meetings.ts';
import { cosignTagsOf, findReferrers } from './find-referrers.ts';
import { ManifestCopy, isDigestOf, tooDeep } from './manifest-copy.ts';
import type { TargetState } from './target-state.ts';
import { MAX_DEPTH } from './presence-check.ts';
import { fetchTaskChild, fetchTaskManifest } from './present-manifest.ts';
import { reduceIndex } from './reduce-index.ts';
import { ReferrersCopy } from './referrers-copy.ts';
import { type Turn, inTurn } from './turn.ts';
import { referenceOf, verifyTag } from './verify-tag.ts';

/** One image on its way to one target. */
interface ImageCopy {
  readonly task: CopyTask;
  readonly state: TargetState;
  readonly observer: CopyObserver;
  /** The source's manifest, or the index that it was reduced to. */
  readonly manifest: RawManifest;
  /** Set when the manifest was reduced to these platforms. */
  readonly platforms: Pick<VerifiedTag, 'platforms'>;
  readonly copy: ManifestCopy;
}

/**
 * Copies the image whose manifest is `source`: its parts, then its referrers where they are wanted, then its tags.
 *
 * @returns number of bytes sent
 */
export async function copyImage(
  task: CopyTask,
  state: TargetState,
  source: RawManifest,
  turn: Turn,
  observer: CopyObserver,
): Promise<number> {
  observer.onPlatformCount?.(countPlatforms(source, task));
  const manifest = reduce(source, task, observer);
  const platforms = manifest === source || task.platforms === 'all' ? {} : { platforms: task.platforms };
  const image = {
    task,
    state,
    observer,
    manifest,
    platforms,
    copy: new ManifestCopy(task, state, turn.member),
  };
  try {
    return await copyWithTags(image, await findTagsToWrite(image, manifest === source), turn);
  } finally {
    image.copy.close();
  }
}

async function copyWithTags(image: ImageCopy, tags: readonly string[], turn: Turn): Promise<number> {
  const { task, manifest } = image;
  if (tags.length === 0 && !task.referrers) return 0;
  await image.copy.readAhead(manifest);
  const copyReferrers = await prepareReferrers(image);
  const bytes = await image.copy.announceBlobs(manifest);
  const written: string[] = [];
  const [result] = await Promise.allSettled([
    inTurn(turn, bytes, async () => {
      await image.copy.copyParts(manifest);
      await copyReferrers?.();
      await writeTags(image, tags, written);
    }),
  ]);
  // Tags that were written before a failure count.
  await allOrThrow(written.map(async (tag) => verifyTag(image, tag)));
  if (result.status === 'rejected') throw result.reason;
  return image.copy.sent;
}

/**
 * Reports the tags that the target already has with all their parts, when tags must be looked up before they are pushed.
 *
 * @returns the other tags
 */
async function findTagsToWrite(
  { task, state, observer, manifest, platforms, copy }: ImageCopy,
  isUnreduced: boolean,
): Promise<readonly string[]> {
  const { client, repository } = task.target;
  const present = new Map<string, Digest>();
  const check = async (tag: string): Promise<void> => {
    const head = await client.findManifest(repository, referenceOf(tag, manifest)).catch(() => undefined);
    if (head && isDigestOf(manifest, head.digest)) present.set(tag, head.digest);
  };
  if (state.checkBeforePush) await Promise.all(task.tags.map(check));
  const isBelieved = present.size > 0 || (task.present && isUnreduced);
  if (!isBelieved || !(await copy.hasPartsAtTarget(manifest))) return task.tags;
  state.inventory.noteManifest(repository, manifest.digest);
  for (const [tag, digest] of present) observer.onTagVerified(tag, { digest, ...platforms });
  return task.tags.filter((tag) => !present.has(tag));
}

/** @param written receives each tag as it is written, so that a failure of one hides no other */
async function writeTags(
  { observer, manifest, copy }: ImageCopy,
  tags: readonly string[],
  written: string[],
): Promise<void> {
  await allOrThrow(
    tags.map(async (tag) => {
      await observer.beforeOverwrite(tag);
      await copy.put(manifest, referenceOf(tag, manifest));
      written.push(tag);
    }),
  );
}

/**
 * Finds the referrers of an image.
 *
 * @returns a function that copies them; undefined when there are none, or none are wanted
 */
async function prepareReferrers({
  task,
  state,
  observer,
  manifest,
  copy,
}: ImageCopy): Promise<(() => Promise<void>) | undefined> {
  if (!task.referrers || task.tags.some((tag) => digestTagSubject(tag) !== undefined)) return undefined;
  const referrers = new ReferrersCopy(task, task.referrers, { copy, state, observer });
  const subjects = await subjectsIn(manifest, task, async (parent, child) => copy.fetch(parent, child));
  const tags = cosignTagsOf(task.referrers, subjects);
  const found = await findReferrers(task.source, task.referrers, subjects);
  if (found.size + tags.length === 0) return undefined;
  return async () => {
    // Users who run only signed images must not see a tag before its signatures: the image is first stored under its digest.
    await copy.put(manifest, manifest.digest);
    await referrers.copy(found);
    await referrers.copyTags(tags);
  };
}

/**
 * Copies the referrers that the target does not have of an image that it has.
 *
 * @param open returns the target's state; it is not called when there is nothing to copy
 * @returns number of bytes sent
 */
export async function copyNewReferrers(
  task: CopyTask,
  open: () => Promise<TargetState>,
  observer: CopyObserver,
  member?: Member<RegistryClient>,
): Promise<number> {
  if (!task.referrers) return 0;
  const { digest, mediaType } = task.source;
  const isSingle = mediaType !== undefined && !isIndexType(mediaType);
  const subjects = isSingle
    ? [digest]
    : await subjectsIn(reduce(await fetchTaskManifest(task), task, observer), task, async (parent, child) =>
        fetchTaskChild(task, parent, child),
      );
  const tags = cosignTagsOf(task.referrers, subjects);
  const found = await findReferrers(task.source, task.referrers, subjects);
  if (found.size + tags.length === 0) return 0;
  const state = await open();
  const copy = new ManifestCopy(task, state, member);
  const referrers = new ReferrersCopy(task, task.referrers, { copy, state, observer });
  try {
    await referrers.copy(found);
    await referrers.copyTags(tags);
    return copy.sent;
  } finally {
    copy.close();
  }
}

/** The digests of `manifest` and of all manifests inside it that the source has: each may have referrers. */
async function subjectsIn(
  manifest: RawManifest,
  task: CopyTask,
  read: (parent: Digest, child: Descriptor) => Promise<RawManifest>,
): Promise<Set<Digest>> {
  const { client, repository, digest: sourceDigest } = task.source;
  const digests = new Set<Digest>();
  const walk = async (one: RawManifest, depth: number): Promise<void> => {
    digests.add(one.digest);
    const content = copyableContent(one, client, repository);
    if (content.kind !== 'index') return;
    if (depth === MAX_DEPTH) throw tooDeep(task);
    const children = content.children.filter(
      (child) => !digests.has(child.digest) && entryKind(child) !== 'blob',
    );
    for (const { digest } of children) digests.add(digest);
    const indexes = children.filter(({ mediaType }) => isIndexType(mediaType));
    await allOrThrow(indexes.map(async (child) => walk(await read(one.digest, child), depth + 1)));
  };
  await walk(manifest, 0);
  // The source does not have an index that was reduced here.
  if (manifest.digest !== sourceDigest) digests.delete(manifest.digest);
  return digests;
}

/** Number of platforms of the image in the target. Attestations in an index have the platform `unknown/unknown`. */
function countPlatforms(manifest: RawManifest, { source, platforms }: CopyTask): number {
  const content = copyableContent(manifest, source.client, source.repository);
  if (content.kind !== 'index') return 1;
  const known = content.children.filter(({ platform }) => platform && platform.os !== 'unknown').length;
  return platforms === 'all' ? known : Math.min(known, platforms.length);
}

function reduce(
  manifest: RawManifest,
  { source, platforms }: CopyTask,
  observer: Pick<CopyObserver, 'onPlatforms'>,
): RawManifest {
  const content = copyableContent(manifest, source.client, source.repository);
  if (content.kind !== 'index' || platforms === 'all') return manifest;
  const found = content.children.flatMap(({ platform }) => (platform ? [canonicalPlatform(platform)] : []));
  observer.onPlatforms?.(found.filter((platform) => platform !== 'unknown/unknown'));
  const reduced = reduceIndex(manifest, content.children, platforms);
  if (reduced) return reduced;
  const name = `${source.client.registry}/${source.repository}@${source.digest}`;
  throw new CopyError(
    `${name} has no image for ${platforms.join(', ')}: name another platform in "platforms"`,
    { retryable: false },
  );
}
