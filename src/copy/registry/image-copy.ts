import type { LimitFunction } from 'p-limit';
import { CopyError } from '../../mirror/copy-error.ts';
import { copyableContent, entryKind } from '../../mirror/source-image.ts';
import { allOrThrow } from '../../oci/async.ts';
import { digestTagSubject } from '../../oci/digest-tags.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Descriptor, RawManifest } from '../../oci/manifest.ts';
import { isIndexType } from '../../oci/media-types.ts';
import { canonicalPlatform } from '../../oci/platform.ts';
import type { CopyObserver, CopyTask, VerifiedTag } from '../engine.ts';
import { copyCosignTag } from './cosign-tag-copy.ts';
import { cosignTagsOf, findReferrers } from './find-referrers.ts';
import { type TargetState, ManifestCopy, isDigestOf, tooDeep } from './manifest-copy.ts';
import { MAX_DEPTH } from './presence-check.ts';
import { fetchTaskChild, fetchTaskManifest } from './present-manifest.ts';
import { reduceIndex } from './reduce-index.ts';
import { ReferrersCopy } from './referrers-copy.ts';

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
 * @param writing limits the number of images that are written at the same time; other images are read ahead or read back meanwhile
 * @returns number of bytes sent
 */
export async function copyImage(
  task: CopyTask,
  state: TargetState,
  source: RawManifest,
  writing: LimitFunction,
  observer: CopyObserver,
): Promise<number> {
  observer.onPlatformCount?.(countPlatforms(source, task));
  const manifest = reduce(source, task, observer);
  const platforms = manifest === source || task.platforms === 'all' ? {} : { platforms: task.platforms };
  const image = { task, state, observer, manifest, platforms, copy: new ManifestCopy(task, state) };
  try {
    return await copyWithTags(image, await findTagsToWrite(image, manifest === source), writing);
  } finally {
    image.copy.close();
  }
}

/**
 * Copies what cosign keeps under `task.tags`.
 *
 * @returns number of bytes sent
 */
export async function copyCosignTags(
  task: CopyTask,
  state: TargetState,
  source: RawManifest,
  observer: CopyObserver,
): Promise<number> {
  const copy = new ManifestCopy(task, state);
  await allOrThrow(
    task.tags.map(async (tag) => {
      const { manifest } = await copyCosignTag(task, copy, source, tag, observer);
      await verifyTag({ task, observer, manifest, platforms: {} }, tag);
    }),
  ).finally(() => copy.close());
  return copy.sent;
}

async function copyWithTags(
  image: ImageCopy,
  tags: readonly string[],
  writing: LimitFunction,
): Promise<number> {
  const { task, manifest } = image;
  if (tags.length === 0 && !task.referrers) return 0;
  await image.copy.readAhead(manifest);
  const copyReferrers = await prepareReferrers(image);
  const written: string[] = [];
  const [result] = await Promise.allSettled([
    writing(async () => {
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
    const head = await client.findManifest(repository, tag).catch(() => undefined);
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
      await copy.put(manifest, tag);
      written.push(tag);
    }),
  );
}

/** Reads `tag` back from the target and reports it. */
async function verifyTag(
  {
    task: { target },
    observer,
    manifest,
    platforms,
  }: Pick<ImageCopy, 'task' | 'observer' | 'manifest' | 'platforms'>,
  tag: string,
): Promise<void> {
  const head = await target.client.headManifest(target.repository, tag);
  // A header may be wrong; the content of the manifest decides.
  const isRight = head !== undefined && isDigestOf(manifest, head.digest);
  const found = isRight ? head : await target.client.getManifest(target.repository, tag);
  if (found && isDigestOf(manifest, found.digest)) {
    observer.onTagVerified(tag, { digest: found.digest, ...platforms });
    return;
  }
  const name = `${target.client.registry}/${target.repository}:${tag}`;
  throw new CopyError(
    `${name} was pushed as ${manifest.digest}, but the target says that it holds ${found?.digest ?? 'nothing'}`,
    { retryable: true },
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
  const copy = new ManifestCopy(task, state);
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
