import { digestTagSubject } from '../oci/digest-tags.ts';
import type { Digest } from '../oci/digest.ts';
import type { TagSettings } from './settings.ts';

/**
 * The record of one mirrored tag: the source digest if the target has the same digest; both digests if they differ;
 * null if the digest is unknown, because gcrsync, which recorded names only, mirrored the tag, or because it was about
 * to be overwritten.
 */
export type RecordEntry =
  | null
  | Digest
  | {
      readonly digest: Digest;
      readonly target: Digest;
      /** Set if only these platforms of an index were mirrored. */
      readonly platforms?: readonly string[];
    };

/** Entries by image key, then by tag; an image that is mirrored without a tag has its digest in the place of one. */
export type RecordedImages = ReadonlyMap<string, ReadonlyMap<string, RecordEntry>>;

/** `RecordedImages` under construction. */
export type MutableRecordedImages = Map<string, Map<string, RecordEntry>>;

/** Sets one entry of `images`. */
export function setEntry(
  images: MutableRecordedImages,
  image: string,
  tag: string,
  entry: RecordEntry,
): void {
  const entries = images.get(image);
  if (entries) entries.set(tag, entry);
  else images.set(image, new Map([[tag, entry]]));
}

/** Number of tags in `images`. */
export function countEntries(images: RecordedImages): number {
  return Array.from(images.values()).reduce((sum, { size }) => sum + size, 0);
}

/** The content of a namespace manifest: what has been mirrored of one namespace. */
export interface NamespaceManifest {
  /** `gcr.io/distroless` */
  readonly source: string;
  /** `docker.io/gcrxio` */
  readonly target: string;
  readonly images: RecordedImages;
  /** Tags that the changelog does not name yet. Absent: none. */
  readonly unlogged?: UnloggedTags;
}

/** Whether tags were added or updated, by image key, then by tag. */
export type UnloggedTags = ReadonlyMap<string, ReadonlyMap<string, 'added' | 'updated'>>;

/** `entry` as one line of JSON. */
export function serializeEntry(entry: RecordEntry): string {
  if (entry === null || typeof entry === 'string') return JSON.stringify(entry);
  const { digest, target, platforms } = entry;
  const shown = platforms
    ? `, "platforms": [${platforms.map((platform) => JSON.stringify(platform)).join(', ')}]`
    : '';
  return `{ "digest": "${digest}", "target": "${target}"${shown} }`;
}

/**
 * Merges tag by tag: the entry of `delta` wins, except that an unknown digest never replaces a known one.
 *
 * @returns `base` itself when nothing changes
 */
export function mergeImages(base: RecordedImages, delta: RecordedImages): RecordedImages {
  return mergeWhere(base, delta, isChange);
}

/**
 * Restores the entries of tags whose digest is unknown; other tags have been recorded since and stay as they are.
 *
 * @returns `base` itself when nothing changes
 */
export function restoreEntries(base: RecordedImages, entries: RecordedImages): RecordedImages {
  return mergeWhere(base, entries, (known) => known === null);
}

/** Replaces the entry of each tag in `entries` with null: its digest is unknown. */
export function forgetEntries(base: RecordedImages, entries: RecordedImages): RecordedImages {
  const unknown = (tags: ReadonlyMap<string, RecordEntry>): Map<string, RecordEntry> =>
    new Map(Array.from(tags.keys(), (tag) => [tag, null]));
  const nulls = new Map(Array.from(entries, ([image, tags]) => [image, unknown(tags)]));
  return mergeWhere(base, nulls, () => true);
}

function mergeWhere(
  base: RecordedImages,
  delta: RecordedImages,
  isWanted: (known: RecordEntry | undefined, entry: RecordEntry) => boolean,
): RecordedImages {
  let merged: Map<string, ReadonlyMap<string, RecordEntry>> | undefined;
  for (const [image, entries] of delta) {
    const before = base.get(image) ?? new Map<string, RecordEntry>();
    const changes = Array.from(entries).filter(([tag, entry]) => isWanted(before.get(tag), entry));
    if (changes.length === 0) continue;
    merged ??= new Map(base);
    merged.set(image, new Map([...before, ...changes]));
  }
  return merged ?? base;
}

/**
 * Removes the entries of `removed` that have not changed since: another job may have mirrored a tag meanwhile.
 *
 * @returns `base` itself when nothing changes
 */
export function removeEntries(base: RecordedImages, removed: RecordedImages): RecordedImages {
  let left: Map<string, ReadonlyMap<string, RecordEntry>> | undefined;
  for (const [image, entries] of removed) {
    const before = base.get(image) ?? new Map<string, RecordEntry>();
    const stays = ([tag, entry]: [string, RecordEntry]): boolean => {
      const other = entries.get(tag);
      return other === undefined || serializeEntry(other) !== serializeEntry(entry);
    };
    const kept = Array.from(before).filter(stays);
    if (kept.length === before.size) continue;
    left ??= new Map(base);
    if (kept.length > 0) left.set(image, new Map(kept));
    else left.delete(image);
  }
  return left ?? base;
}

function isChange(known: RecordEntry | undefined, entry: RecordEntry): boolean {
  if (known === undefined) return true;
  return entry !== null && (known === null || serializeEntry(known) !== serializeEntry(entry));
}

/** True when, by `entry`, the target has `digest` under `tag` as the settings want it: with at least these platforms. */
export function holds(
  tag: string,
  entry: NonNullable<RecordEntry>,
  digest: Digest,
  wanted: TagSettings,
): boolean {
  if (typeof entry === 'string') return entry === digest;
  if (entry.digest !== digest) return false;
  const { platforms } = entry;
  if (platforms === undefined) {
    // A list of referrers may have more entries in the target than in the source, and digests may use another algorithm.
    const isSameImage =
      digestTagSubject(tag) !== undefined || algorithmOf(entry.target) !== algorithmOf(digest);
    // Referrers name their image's digest: where they are mirrored, an image that docker pushed is copied again.
    return !wanted.referrers || isSameImage;
  }
  return wanted.platforms !== 'all' && wanted.platforms.every((platform) => platforms.includes(platform));
}

function algorithmOf(digest: Digest): string | undefined {
  return digest.split(':', 1)[0];
}
