import { imageOf } from '../mirror/image-key.ts';
import type { Listing } from '../mirror/listing.ts';
import type { IsDue } from '../mirror/recheck.ts';
import { type RecordedImages, holds } from '../mirror/record-entry.ts';
import type { SettingsOf, TagSettings } from '../mirror/settings.ts';
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
 * @param listing the selected tags, by the keys of their images
 * @param usual how tags are mirrored for which `settingsOf` returns nothing
 */
export function diff(
  listing: Pick<Listing, 'images'>,
  recorded: RecordedImages,
  usual: TagSettings,
  settingsOf: SettingsOf = () => undefined,
): Diff {
  const builder = new WorkBuilder();
  const undetermined: UndeterminedTag[] = [];
  let unchanged = 0;
  for (const [image, { repository, tags }] of listing.images) {
    const entries = recorded.get(image);
    for (const [tag, descriptor] of tags) {
      const entry = entries?.get(tag);
      const settings = settingsOf(image, tag);
      const isUnchanged = entry && holds(tag, entry, descriptor.digest, settings ?? usual);
      if (isUnchanged) {
        unchanged += 1;
        continue;
      }
      const item = { image, repository, descriptor, ...(settings && { settings }) };
      if (entry === null) undetermined.push({ ...item, tag });
      else builder.add(item, entry === undefined ? 'added' : 'updated', tag);
    }
  }
  return { work: builder.build(), undetermined, unchanged };
}

/**
 * Finds images that the mirror has as the source has them, and whose referrers are due to be rechecked at the source. Each is
 * work without tags. An image with work of its own is not among them, as its referrers are copied with that work.
 */
export function findUnchangedImages(
  { images }: Pick<Listing, 'images'>,
  recorded: RecordedImages,
  settingsOf: (key: string, tag: string) => TagSettings,
  work: readonly Work[],
  isDue: IsDue,
): Work[] {
  const seen = new Set(work.map(({ image, descriptor }) => `${image}@${descriptor.digest}`));
  const found: Work[] = [];
  for (const [image, { repository, tags }] of images) {
    const entries = recorded.get(image);
    for (const [tag, descriptor] of tags) {
      const entry = entries?.get(tag);
      const key = `${image}@${descriptor.digest}`;
      const settings = settingsOf(image, tag);
      if (!entry || !settings.referrers || seen.has(key) || digestTagSubject(tag) !== undefined) continue;
      if (!holds(tag, entry, descriptor.digest, settings) || !isDue(imageOf(image), tag)) continue;
      seen.add(key);
      found.push({ image, repository, descriptor, added: [], updated: [], settings });
    }
  }
  return found;
}
