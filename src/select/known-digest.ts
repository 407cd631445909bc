import type { IsDue } from '../mirror/recheck.ts';
import { type RecordedImages, holds } from '../mirror/record-entry.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import type { Digest } from '../oci/digest.ts';

/** The digest that a tag is assumed to have without a look-up; undefined for a tag that must be looked up. */
export type KnownDigest = (image: string, tag: string) => Digest | undefined;

/** Assumes the recorded digest for each tag that is mirrored as the settings want it and is not due to be rechecked. */
export function recordedDigest(
  recorded: RecordedImages,
  { platforms, referrers }: Pick<NamespaceSettings, 'platforms' | 'referrers'>,
  isDue: IsDue,
): KnownDigest {
  return (image, tag) => {
    const entry = recorded.get(image)?.get(tag);
    if (!entry || isDue(image, tag)) return undefined;
    const digest = typeof entry === 'string' ? entry : entry.digest;
    return holds(tag, entry, digest, { platforms, keepsDigests: referrers }) ? digest : undefined;
  };
}
