import type { VerifiedTag } from '../copy/engine.ts';
import type { Outcome } from '../copy/pool.ts';
import {
  type MutableRecordedImages,
  type RecordEntry,
  type RecordedImages,
  mergeImages,
  removeEntries,
  restoreEntries,
  setEntry,
} from '../mirror/record-entry.ts';
import type { NamespaceResult } from '../mirror/result.ts';
import type { Digest } from '../oci/digest.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';

/** What a run changes in the record of one namespace, and what the changelog says about it. */
export interface Recordable {
  readonly plan: NamespacePlan;
  /** Entries to add or to replace. */
  readonly entries: RecordedImages;
  /** Entries that proved wrong. */
  readonly removed?: RecordedImages;
  /** Entries that are still right, of tags that are recorded with an unknown digest. */
  readonly restored?: RecordedImages;
  /** What is recorded by now. Default: what the plan read. */
  readonly known?: RecordedImages;
  readonly result: NamespaceResult;
}

/** The entries for everything that was copied or adopted. */
export function newEntries({ adopted }: NamespacePlan, outcomes: readonly Outcome[]): RecordedImages {
  const entries: MutableRecordedImages = new Map();
  for (const [image, tags] of adopted) entries.set(image, new Map(tags));
  for (const { work, verifiedTags } of outcomes) {
    for (const [tag, verified] of verifiedTags)
      setEntry(entries, work.image, tag, recordEntryOf(work.descriptor.digest, verified));
  }
  return entries;
}

function recordEntryOf(digest: Digest, { digest: target, platforms }: VerifiedTag): RecordEntry {
  if (platforms) return { digest, target, platforms };
  return target === digest ? digest : { digest, target };
}

/** True when the namespace manifest has to be written. */
export function hasChanges({ entries, removed, restored }: Recordable): boolean {
  return [entries, removed, restored].some((images) => images !== undefined && images.size > 0);
}

/**
 * The record with the changes of `recordable`.
 *
 * @returns `images` itself when nothing changes
 */
export function applyChanges(
  images: RecordedImages,
  { entries, removed = new Map(), restored = new Map() }: Recordable,
): RecordedImages {
  return restoreEntries(mergeImages(removeEntries(images, removed), entries), restored);
}
