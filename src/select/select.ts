import { type FilteredOut, NOTHING_FILTERED_OUT } from '../mirror/filters.ts';
import type { ListedTag, Listing, SourceImage } from '../mirror/listing.ts';
import { digestTagSubject } from '../oci/digest-tags.ts';
import type { Digest } from '../oci/digest.ts';
import type { CompiledFilters } from './compiled-filters.ts';

type Images = ReadonlyMap<string, SourceImage<ListedTag>>;

/** The part of a listing that the filters select. */
export interface Selection {
  readonly listing: Listing<ListedTag>;
  /** Digest tags of images that are not mirrored whole: those whose subject is selected are mirrored too. */
  readonly digestTags: Images;
  readonly filteredOut: FilteredOut;
}

/** Removes the tags that the filters don't want. */
export function select(listing: Listing<ListedTag>, filters: CompiledFilters): Selection {
  if (filters.isEmpty) return { listing, digestTags: new Map(), filteredOut: NOTHING_FILTERED_OUT };
  const images = new Map<string, SourceImage<ListedTag>>();
  const digestTags = new Map<string, SourceImage<ListedTag>>();
  const filteredOut = { ...NOTHING_FILTERED_OUT };
  for (const [image, { repository, tags }] of listing.images) {
    const drops = dropTags(image, tags, filters);
    for (const name of drops.byFilter.values()) filteredOut[name] += 1;
    const kept = withoutTags(tags, [...drops.byFilter.keys(), ...drops.digestTags.keys()]);
    if (kept.size > 0) images.set(image, { repository, tags: kept });
    if (drops.digestTags.size > 0) digestTags.set(image, { repository, tags: drops.digestTags });
  }
  return { listing: { ...listing, images }, digestTags, filteredOut };
}

interface Drops {
  readonly byFilter: ReadonlyMap<string, keyof FilteredOut>;
  /** Digest tags that are kept if their subject is. */
  readonly digestTags: ReadonlyMap<string, ListedTag>;
}

function dropTags(image: string, tags: ReadonlyMap<string, ListedTag>, filters: CompiledFilters): Drops {
  const byFilter = new Map<string, keyof FilteredOut>();
  const digestTags = new Map<string, ListedTag>();
  const kept: [string, ListedTag][] = [];
  let isWhole = true;
  for (const entry of tags) {
    const [tag, listed] = entry;
    const isDigestTag = digestTagSubject(tag) !== undefined;
    const isOld = !isDigestTag && filters.isOld(listed);
    const reason = filters.filteredOutByName(image, tag) ?? (isOld ? 'newer-than' : undefined);
    if (reason !== undefined) byFilter.set(tag, reason);
    else if (isDigestTag) digestTags.set(tag, listed);
    else kept.push(entry);
    if (reason !== undefined && !isDigestTag) isWhole = false;
  }
  const old = filters.notLatest(kept);
  for (const tag of old) byFilter.set(tag, 'latest');
  // All digest tags of an image that is mirrored whole are mirrored: those of its platforms and of untagged images too.
  if (isWhole && old.length === 0) digestTags.clear();
  return { byFilter, digestTags };
}

/** `tags` without those of `filteredOut`. Returns `tags` itself, not a copy, if nothing is removed. */
export function withoutTags<T>(
  tags: ReadonlyMap<string, T>,
  filteredOut: Iterable<string>,
): ReadonlyMap<string, T> {
  let kept: Map<string, T> | undefined;
  for (const tag of filteredOut) (kept ??= new Map(tags)).delete(tag);
  return kept ?? tags;
}

/** Those of `digestTags` whose subject is in `images`. */
export function selectDigestTags(digestTags: Images, images: Listing['images']): Images {
  const found = new Map<string, SourceImage<ListedTag>>();
  for (const [image, { repository, tags }] of digestTags) {
    const subjects = new Set<Digest | undefined>();
    for (const { digest } of images.get(image)?.tags.values() ?? []) subjects.add(digest);
    const kept = withoutTags(
      tags,
      Array.from(tags.keys()).filter((tag) => !subjects.has(digestTagSubject(tag))),
    );
    if (kept.size > 0) found.set(image, { repository, tags: kept });
  }
  return found;
}
