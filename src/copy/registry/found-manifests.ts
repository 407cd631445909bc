import type { LimitFunction } from 'p-limit';
import type { Digest } from '../../oci/digest.ts';
import type { RawManifest } from '../../oci/manifest.ts';
import type { CopyTask } from '../engine.ts';
import type { ManifestCopy } from './manifest-copy.ts';
import type { TargetState } from './target-state.ts';

/**
 * Copies a referrer of `subject`: its parts at the same time as those of others, the manifest after the manifests of others.
 *
 * @returns true when the target acknowledged its subject
 */
export async function copyReferrer(
  { target }: CopyTask,
  { referrerPushes }: TargetState,
  copy: ManifestCopy,
  manifest: RawManifest,
  subject: Digest,
): Promise<boolean> {
  await copy.readAhead(manifest);
  await copy.copyParts(manifest);
  return referrerPushes.run(`${target.repository}@${subject}`, async () =>
    copy.put(manifest, manifest.digest),
  );
}

/**
 * Finds a manifest at the source and copies it, as many at a time as `limit` allows. The copies to other targets are waited for in
 * between, outside of the limit, as they may take the manifests in another order.
 *
 * @returns what `send` returns; undefined when there is nothing to copy
 */
export async function copyFound<T>(
  copy: Pick<ManifestCopy, 'isShared' | 'meet'>,
  limit: LimitFunction,
  find: () => Promise<RawManifest | undefined>,
  send: (manifest: RawManifest) => Promise<T>,
): Promise<T | undefined> {
  const found = await limit(async () => {
    const manifest = await find();
    return manifest && (copy.isShared ? { manifest } : { result: await send(manifest) });
  });
  if (!found || 'result' in found) return found?.result;
  const { manifest } = found;
  await copy.meet(manifest);
  return limit(async () => send(manifest));
}
