import { copyableContent } from '../../mirror/source-image.ts';
import { allOrThrow } from '../../oci/async.ts';
import { downloadWhole } from '../../oci/blob-download.ts';
import { startUpload, uploadWhole } from '../../oci/blob-upload.ts';
import { digestTagSubject, isReferrersTag } from '../../oci/digest-tags.ts';
import { digestOf } from '../../oci/digest.ts';
import type { RawManifest } from '../../oci/manifest.ts';
import type { CopyObserver, CopyTask } from '../engine.ts';
import { compareLists, mergeLists } from './cosign-manifest.ts';
import { ManifestCopy } from './manifest-copy.ts';
import type { TargetState } from './target-state.ts';
import { type Turn, inTurn } from './turn.ts';
import { verifyTag } from './verify-tag.ts';

/** A larger config is not one of cosign's. */
const MAX_CONFIG_BYTES = 1024 ** 2;

/** True for the tags under which cosign keeps signatures, attestations and SBOMs. */
export function isCosignTag(tag: string): boolean {
  return digestTagSubject(tag) !== undefined && !isReferrersTag(tag);
}

/**
 * Copies what cosign keeps at the source under `tag`, and keeps what the target has under it: the owner of a mirror signs images
 * too. Signatures and attestations are lists, which are merged; any verification that passed with one of them still passes. Where
 * the target has anything else of its own, it stays as it is.
 *
 * @returns what the target now has under `tag`
 */
export async function copyCosignTag(
  task: CopyTask,
  copy: ManifestCopy,
  manifest: RawManifest,
  tag: string,
  observer: CopyObserver,
): Promise<{ readonly manifest: RawManifest; readonly isWritten: boolean }> {
  const { client, repository } = task.target;
  const head = await client.findManifest(repository, tag);
  const isReplaceable = head === undefined || head.digest === task.mirrored?.get(tag);
  const present =
    isReplaceable || head.digest === manifest.digest ? undefined : await client.getManifest(repository, tag);
  const comparison = present ? compareLists(present, manifest) : ({ kind: 'outdated' } as const);
  if (present && comparison.kind === 'unknown') observer.onTagKept(tag);
  if (present && (comparison.kind === 'unknown' || comparison.kind === 'complete'))
    return { manifest: present, isWritten: false };
  const merged = present && comparison.kind === 'diverged' ? await merge(task, present, manifest) : manifest;
  await copy.copyParts(manifest);
  await observer.beforeOverwrite(tag);
  await copy.put(merged, tag);
  return { manifest: merged, isWritten: true };
}

/** Stores the config of the merged list at the target. */
async function merge({ target }: CopyTask, present: RawManifest, added: RawManifest): Promise<RawManifest> {
  const { client, repository } = target;
  const content = copyableContent(present, client, repository);
  const hasConfig = content.kind === 'image' && content.config.size <= MAX_CONFIG_BYTES;
  const stored = hasConfig ? await downloadWhole(client, repository, content.config) : new Uint8Array();
  const { manifest, config } = mergeLists(present, added, stored);
  const digest = digestOf(config);
  const start = await startUpload(client, repository, digest, repository);
  if (start.kind === 'session')
    await uploadWhole(client, repository, digest, start.location, { size: config.length, content: config });
  return manifest;
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
  turn: Turn,
  observer: CopyObserver,
): Promise<number> {
  const copy = new ManifestCopy(task, state, turn.member);
  const copyTag = async (tag: string): Promise<void> => {
    const { manifest } = await copyCosignTag(task, copy, source, tag, observer);
    await verifyTag({ task, observer, manifest, platforms: {} }, tag);
  };
  try {
    const bytes = await copy.announceBlobs(source);
    await inTurn(turn, bytes, async () => allOrThrow(task.tags.map(copyTag)));
    return copy.sent;
  } finally {
    copy.close();
  }
}
