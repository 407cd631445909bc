import { fetchChild, fetchManifest } from '../../mirror/source-image.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Descriptor, RawManifest } from '../../oci/manifest.ts';
import type { CopyTask } from '../engine.ts';

/**
 * The manifest of `task`. If the record says that the target has it, it is read there: that costs no pull at the source. The record
 * is a hint: what the target does not have, or has with other bytes, is read from the source.
 *
 * @throws MissingAtSourceError, RegistryError as `fetchManifest` does
 */
export async function fetchTaskManifest(task: CopyTask): Promise<RawManifest> {
  const { client, repository, digest } = task.source;
  return (await readAtTarget(task, digest)) ?? fetchManifest(client, repository, digest);
}

/**
 * Like `fetchTaskManifest`, for an entry of the index `parent`.
 *
 * @throws MissingAtSourceError, RegistryError as `fetchChild` does
 */
export async function fetchTaskChild(
  task: CopyTask,
  parent: Digest,
  child: Descriptor,
): Promise<RawManifest> {
  return (await readAtTarget(task, child.digest)) ?? fetchChild(task.source, parent, child, task.platforms);
}

/** The manifest at the target, verified by its digest; undefined when it is not there, or a target that meters pulls has it. */
async function readAtTarget(
  { target: { client, repository }, tags, platforms, present }: CopyTask,
  digest: Digest,
): Promise<RawManifest | undefined> {
  const isRecorded = present || tags.length === 0;
  // An index that was reduced to some platforms has another digest at the target.
  if (!isRecorded || platforms !== 'all' || client.pullLimit) return undefined;
  return client.getManifest(repository, digest).catch(() => undefined);
}
