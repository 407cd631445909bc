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
  /** Tags that the target holds as the source has them. */
  readonly unchanged: number;
}

/**
 * Compares what a source holds with what its namespace manifest says the mirror holds, in time linear in the tags.
 *
 * @param keepsDigests what docker has made another digest of is not held then: what refers to the image names its digest
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
 * Finds the tags that are recorded and that the source no longer has. What could not be listed is not gone, and
 * neither is what the filters leave out.
 *
 * @param listing all that the source holds, before the filters
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
    const held = listing.images.get(image)?.tags;
    const tags: string[] = [];
    for (const tag of entries.keys()) if (held?.has(tag) !== true && wanted(image, tag)) tags.push(tag);
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
 * The images that the mirror holds as the source has them, and of which the source is to be asked today what refers to
 * them: work without tags. Those with work of their own are left out, as their referrers come with it.
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
