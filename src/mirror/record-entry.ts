import { digestTagSubject } from '../oci/digest-tags.ts';
import type { Digest } from '../oci/digest.ts';
import type { Platforms } from './platforms.ts';

/**
 * What is known of one mirrored tag: the source digest where the target holds the same digest; both digests where
 * they differ; null where gcrsync mirrored it and nobody wrote the digest down.
 */
export type RecordEntry =
  | null
  | Digest
  | {
      readonly digest: Digest;
      readonly target: Digest;
      /** Set when only these platforms of an index were mirrored. */
      readonly platforms?: readonly string[];
    };

/** Entries by image (the repository's path inside its namespace), then by tag. */
export type RecordedImages = ReadonlyMap<string, ReadonlyMap<string, RecordEntry>>;

/** Images that are being gathered. */
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

/** The JSON of what has been mirrored of one namespace. */
export interface NamespaceManifest {
  /** `gcr.io/distroless` */
  readonly source: string;
  /** `docker.io/gcrxio` */
  readonly target: string;
  readonly images: RecordedImages;
  /**
   * Names of the target's repositories below the target's path, by image. Only where the name is not the one that the
   * default template `{image}` gives. Absent: none.
   */
  readonly names?: ReadonlyMap<string, string>;
  /** Tags that the changelog does not name yet. Absent: none. */
  readonly unlogged?: UnloggedTags;
}

/** Whether tags were added or updated, by image, then by tag. */
export type UnloggedTags = ReadonlyMap<string, ReadonlyMap<string, 'added' | 'updated'>>;

export function serializeEntry(entry: RecordEntry): string {
  if (entry === null || typeof entry === 'string') return JSON.stringify(entry);
  const { digest, target, platforms } = entry;
  const shown = platforms
    ? `, "platforms": [${platforms.map((platform) => JSON.stringify(platform)).join(', ')}]`
    : '';
  return `{ "digest": "${digest}", "target": "${target}"${shown} }`;
}

/**
 * Merges tag by tag: `delta` wins, but an unknown digest never replaces a known one.
 *
 * @returns `base` itself when nothing changes
 */
export function mergeImages(base: RecordedImages, delta: RecordedImages): RecordedImages {
  return mergeWhere(base, delta, isNews);
}

/**
 * Gives tags of an unknown digest the entry that they had; others were recorded meanwhile.
 *
 * @returns `base` itself when nothing changes
 */
export function restoreEntries(base: RecordedImages, entries: RecordedImages): RecordedImages {
  return mergeWhere(base, entries, (known) => known === null);
}

/** Makes the digests of the tags that `entries` names unknown. */
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
    const known = base.get(image) ?? new Map<string, RecordEntry>();
    const news = Array.from(entries).filter(([tag, entry]) => isWanted(known.get(tag), entry));
    if (news.length === 0) continue;
    merged ??= new Map(base);
    merged.set(image, new Map([...known, ...news]));
  }
  return merged ?? base;
}

/**
 * Takes out the entries of `removed` that are still as they are there: another job may have mirrored a tag since.
 *
 * @returns `base` itself when nothing changes
 */
export function removeEntries(base: RecordedImages, removed: RecordedImages): RecordedImages {
  let left: Map<string, ReadonlyMap<string, RecordEntry>> | undefined;
  for (const [image, entries] of removed) {
    const known = base.get(image) ?? new Map<string, RecordEntry>();
    const stays = ([tag, entry]: [string, RecordEntry]): boolean => {
      const other = entries.get(tag);
      return other === undefined || serializeEntry(other) !== serializeEntry(entry);
    };
    const kept = Array.from(known).filter(stays);
    if (kept.length === known.size) continue;
    left ??= new Map(base);
    if (kept.length > 0) left.set(image, new Map(kept));
    else left.delete(image);
  }
  return left ?? base;
}

function isNews(known: RecordEntry | undefined, entry: RecordEntry): boolean {
  if (known === undefined) return true;
  return entry !== null && (known === null || serializeEntry(known) !== serializeEntry(entry));
}

/** True when `entry` says that the target holds `digest` under `tag` as it is wanted: with at least these platforms. */
export function holds(
  tag: string,
  entry: NonNullable<RecordEntry>,
  digest: Digest,
  wanted: { readonly platforms: Platforms; readonly keepsDigests: boolean },
): boolean {
  if (typeof entry === 'string') return entry === digest;
  if (entry.digest !== digest) return false;
  const { platforms } = entry;
  // Of a list of referrers the target's may hold more than the source's.
  if (platforms === undefined) return !wanted.keepsDigests || digestTagSubject(tag) !== undefined;
  return wanted.platforms !== 'all' && wanted.platforms.every((platform) => platforms.includes(platform));
}
