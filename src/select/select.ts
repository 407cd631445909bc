import { type Dropped, NOTHING_DROPPED } from '../mirror/filters.ts';
import type { ListedTag, Listing, SourceImage } from '../mirror/listing.ts';
import { followedDigest } from '../oci/digest-tags.ts';
import type { Digest } from '../oci/digest.ts';
import type { CompiledFilters } from './compiled-filters.ts';

type Images = ReadonlyMap<string, SourceImage<ListedTag>>;

/** What the filters leave of a listing. */
export interface Selection {
  readonly listing: Listing<ListedTag>;
  /** Signatures and the like of images of which the filters left some out: they follow those that are left. */
  readonly followers: Images;
  readonly dropped: Dropped;
}

/** Drops the tags that the filters don't want. */
export function select(listing: Listing<ListedTag>, filters: CompiledFilters): Selection {
  if (filters.isEmpty) return { listing, followers: new Map(), dropped: NOTHING_DROPPED };
  const images = new Map<string, SourceImage<ListedTag>>();
  const followers = new Map<string, SourceImage<ListedTag>>();
  const dropped = { ...NOTHING_DROPPED };
  for (const [image, { repository, tags }] of listing.images) {
    const drops = dropsOf(image, tags, filters);
    for (const name of drops.byFilter.values()) dropped[name] += 1;
    const kept = without(tags, [...drops.byFilter.keys(), ...drops.followers.keys()]);
    if (kept.size > 0) images.set(image, { repository, tags: kept });
    if (drops.followers.size > 0) followers.set(image, { repository, tags: drops.followers });
  }
  return { listing: { ...listing, images }, followers, dropped };
}

interface Drops {
  readonly byFilter: ReadonlyMap<string, keyof Dropped>;
  /** Tags that follow those that are kept. */
  readonly followers: ReadonlyMap<string, ListedTag>;
}

function dropsOf(image: string, tags: ReadonlyMap<string, ListedTag>, filters: CompiledFilters): Drops {
  const byFilter = new Map<string, keyof Dropped>();
  const followers = new Map<string, ListedTag>();
  const kept: [string, ListedTag][] = [];
  let isWhole = true;
  for (const entry of tags) {
    const [tag, listed] = entry;
    const isFollower = followedDigest(tag) !== undefined;
    const isOld = !isFollower && filters.isOld(listed);
    const reason = filters.dropByName(image, tag) ?? (isOld ? 'newer-than' : undefined);
    if (reason !== undefined) byFilter.set(tag, reason);
    else if (isFollower) followers.set(tag, listed);
    else kept.push(entry);
    if (reason !== undefined && !isFollower) isWhole = false;
  }
  const old = filters.notLatest(kept);
  for (const tag of old) byFilter.set(tag, 'latest');
  // Of an image that is mirrored whole all is mirrored: signatures of its platforms and of untagged images too.
  if (isWhole && old.length === 0) followers.clear();
  return { byFilter, followers };
}

/** Most images lose nothing: their tags are passed on as they are, not copied. */
export function without<T>(tags: ReadonlyMap<string, T>, dropped: Iterable<string>): ReadonlyMap<string, T> {
  let kept: Map<string, T> | undefined;
  for (const tag of dropped) (kept ??= new Map(tags)).delete(tag);
  return kept ?? tags;
}

/** Those of `followers` that are about an image of `images`. */
export function selectFollowers(followers: Images, images: Listing['images']): Images {
  const found = new Map<string, SourceImage<ListedTag>>();
  for (const [image, { repository, tags }] of followers) {
    const held = new Set<Digest | undefined>();
    for (const { digest } of images.get(image)?.tags.values() ?? []) held.add(digest);
    const kept = without(
      tags,
      Array.from(tags.keys()).filter((tag) => !held.has(followedDigest(tag))),
    );
    if (kept.size > 0) found.set(image, { repository, tags: kept });
  }
  return found;
}
