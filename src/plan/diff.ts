import type { ImageTags } from '../mirror/failure.ts';
import type { ListedTag, Listing } from '../mirror/listing.ts';
import type { TagMatch } from '../mirror/patterns.ts';
import type { Platforms } from '../mirror/platforms.ts';
import type { IsDue } from '../mirror/recheck.ts';
import { type RecordedImages, holds } from '../mirror/record-entry.ts';
import { type UndeterminedTag, type Work, WorkBuilder } from '../mirror/work.ts';
import { digestTagSubject } from '../oci/digest-tags.ts';

export interface Diff {
  readonly work: readonly Work[];
  readonly undetermined: readonly UndeterminedTag[];
  /** Number of tags that, by the record, the target has as the source has them. */
  readonly unchanged: number;
}

/**
 * Compares the tags of a source with the record of what has been mirrored, in time linear in the number of tags.
 *
 * @param keepsDigests true if referrers are mirrored: they name their image's digest, so an image that docker pushed with
 *   another digest must be copied again
 */
export function diff(
  listing: Listing,
  recorded: RecordedImages,
  platforms: Platforms,
  keepsDigests = false,
): Diff {
  const builder = new WorkBuilder();
  const undetermined: UndeterminedTag[] = [];
  let unchanged = 0;
  for (const [image, { repository, tags }] of listing.images) {
    const entries = recorded.get(image);
    for (const [tag, descriptor] of tags) {
      const entry = entries?.get(tag);
      if (entry === undefined) builder.add(image, repository, descriptor, 'added', tag);
      else if (entry === null) undetermined.push({ image, repository, tag, descriptor });
      else if (holds(tag, entry, descriptor.digest, { platforms, keepsDigests })) unchanged += 1;
      else builder.add(image, repository, descriptor, 'updated', tag);
    }
  }
  return { work: builder.build(), undetermined, unchanged };
}

/**
 * Finds recorded tags that the source no longer has. Tags of repositories that could not be listed don't count as removed,
 * nor do tags that are filtered out.
 *
 * @param listing the whole source, before the filters
 * @param wanted the filters
 */
export function findRemovedTags(
  listing: Listing<ListedTag>,
  recorded: RecordedImages,
  wanted: TagMatch,
): ImageTags[] {
  const unknown = new Set(listing.failures.map(({ image }) => image));
  const found: ImageTags[] = [];
  for (const [image, entries] of recorded) {
    if (isUnknown(image, unknown)) continue;
    const listed = listing.images.get(image)?.tags;
    const tags: string[] = [];
    for (const tag of entries.keys()) if (listed?.has(tag) !== true && wanted(image, tag)) tags.push(tag);
    if (tags.length > 0) found.push({ image, tags });
  }
  return found;
}

/** True when `image`, or a repository above it, could not be listed. */
function isUnknown(image: string, unknown: ReadonlySet<string>): boolean {
  if (unknown.size === 0) return false;
  for (let end = image.length; end > 0; end = image.lastIndexOf('/', end - 1)) {
    if (unknown.has(image.slice(0, end))) return true;
  }
  return false;
}

/**
 * Finds images that the mirror has as the source has them, and whose referrers are due to be rechecked at the source. Each is
 * work without tags. An image with work of its own is not among them, as its referrers are copied with that work.
 */
export function findUnchangedImages(
  { images }: Listing,
  recorded: RecordedImages,
  platforms: Platforms,
  work: readonly Work[],
  isDue: IsDue,
): Work[] {
  const wanted = { platforms, keepsDigests: true };
  const seen = new Set(work.map(({ image, descriptor }) => `${image}@${descriptor.digest}`));
  const found: Work[] = [];
  for (const [image, { repository, tags }] of images) {
    const entries = recorded.get(image);
    for (const [tag, descriptor] of tags) {
      const entry = entries?.get(tag);
      const key = `${image}@${descriptor.digest}`;
      if (!entry || seen.has(key) || digestTagSubject(tag) !== undefined) continue;
      if (!holds(tag, entry, descriptor.digest, wanted) || !isDue(image, tag)) continue;
      seen.add(key);
      found.push({ image, repository, descriptor, added: [], updated: [] });
    }
  }
  return found;
}
