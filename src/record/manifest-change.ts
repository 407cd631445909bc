import {
  type NamespaceManifest,
  type RecordedImages,
  type UnloggedTags,
  mergeImages,
  removeEntries,
  restoreEntries,
} from '../mirror/record-entry.ts';
import { type TagSets, markUnlogged, unmarkUnlogged } from './unlogged.ts';

/** What to change in a namespace manifest. */
export interface ManifestChange {
  /** Entries to add or to replace. */
  readonly entries: RecordedImages;
  /** Entries that proved wrong. */
  readonly removed?: RecordedImages;
  /** Entries that are still right, of tags that are recorded with an unknown digest. */
  readonly restored?: RecordedImages;
  /** Tags that the changelog does not name yet. */
  readonly unlogged?: UnloggedTags;
  /** Tags that the changelog names by now, or that did not change after all. */
  readonly logged?: TagSets;
}

/** True when the namespace manifest may have to be written. */
export function hasChanges({ entries, removed, restored, unlogged, logged }: ManifestChange): boolean {
  return [entries, removed, restored, unlogged, logged].some((some) => some !== undefined && some.size > 0);
}

/**
 * The manifest with the changes of `change`.
 *
 * @returns `manifest` itself when nothing changes
 */
export function applyChange(
  manifest: NamespaceManifest,
  { entries, removed = new Map(), restored = new Map(), unlogged, logged }: ManifestChange,
): NamespaceManifest {
  const images = restoreEntries(mergeImages(removeEntries(manifest.images, removed), entries), restored);
  const marks = unmarkUnlogged(markUnlogged(manifest.unlogged, unlogged), logged);
  if (images === manifest.images && marks === manifest.unlogged) return manifest;
  return { ...manifest, images, ...(marks && { unlogged: marks }) };
}
