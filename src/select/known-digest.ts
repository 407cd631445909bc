import type { IsDue } from '../mirror/recheck.ts';
import { type RecordedImages, holds } from '../mirror/record-entry.ts';
import type { TagSettings } from '../mirror/settings.ts';
import type { Digest } from '../oci/digest.ts';

/** The digest that a tag is assumed to have without a look-up; undefined for a tag that must be looked up. */
export type KnownDigest = (image: string, tag: string) => Digest | undefined;

/**
 * Assumes the recorded digest for each tag that is mirrored as the settings want it, under all names of its image, and is not
 * due to be rechecked.
 */
export function recordedDigest(
  recorded: RecordedImages,
  settings: TagSettings,
  isDue: IsDue,
  keysOf: (image: string) => readonly string[] = (image) => [image],
): KnownDigest {
  const digestUnder = (key: string, tag: string): Digest | undefined => {
    const entry = recorded.get(key)?.get(tag);
    if (!entry) return undefined;
    const digest = typeof entry === 'string' ? entry : entry.digest;
    return holds(tag, entry, digest, settings) ? digest : undefined;
  };
  return (image, tag) => {
    const [first, ...others] = keysOf(image);
    const digest = first === undefined ? undefined : digestUnder(first, tag);
    if (digest === undefined || isDue(image, tag)) return undefined;
    return others.every((key) => digestUnder(key, tag) === digest) ? digest : undefined;
  };
}
