import picomatch from 'picomatch';
import { isSchema1Type } from '../oci/media-types.ts';
import { isRepositoryName } from '../oci/names.ts';
import type { ImageTags } from '../report/result.ts';
import type { Listing, SourceImage, SourceManifest } from './listing.ts';

/** Which tags are mirrored. Patterns are globs over `image:tag`, or, with no `:`, over the image. */
export interface Filters {
  /** Empty: all. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** What is left of a listing, and what was set aside. */
export interface Selection {
  readonly listing: Listing;
  /** Tags that the filters dropped. */
  readonly filtered: number;
  readonly unsupported: readonly ImageTags[];
}

/** Drops what the filters don't want, and schema1 images, which no target takes. */
export function select(listing: Listing, wanted: TagMatch): Selection {
  const images = new Map<string, SourceImage>();
  const unsupported: ImageTags[] = [];
  let filtered = 0;
  for (const [image, { repository, tags }] of listing.images) {
    const dropped: string[] = [];
    const old: string[] = [];
    for (const [tag, { mediaType }] of tags) {
      if (!wanted(image, tag)) dropped.push(tag);
      else if (mediaType !== undefined && isSchema1Type(mediaType)) old.push(tag);
    }
    filtered += dropped.length;
    if (old.length > 0) unsupported.push({ image, tags: old });
    const kept = without(tags, [...dropped, ...old]);
    if (kept.size > 0) images.set(image, { repository, tags: kept });
  }
  return { listing: { ...listing, images }, filtered, unsupported };
}

/** Most images lose nothing: their tags are passed on as they are, not copied. */
function without(tags: SourceImage['tags'], dropped: readonly string[]): ReadonlyMap<string, SourceManifest> {
  if (dropped.length === 0) return tags;
  const kept = new Map(tags);
  for (const tag of dropped) kept.delete(tag);
  return kept;
}

/** True for a tag that is to be mirrored. */
export type TagMatch = (image: string, tag: string) => boolean;

export function compileFilters({ include, exclude }: Filters): TagMatch {
  const included = matchAny(include);
  const excluded = matchAny(exclude);
  return (image, tag) => (include.length === 0 || included(image, tag)) && !excluded(image, tag);
}

/** `*` stays within a part of a path and `**` crosses; a leading dot is nothing special in a registry. */
const OPTIONS = { dot: true, nonegate: true, noextglob: true } as const;

function matchAny(patterns: readonly string[]): TagMatch {
  const matchers = patterns.map((text): TagMatch => {
    const { image, tag } = splitPattern(text);
    const matchesImage = picomatch(image, OPTIONS);
    if (tag === undefined) return (image) => matchesImage(image);
    // Apart, so that `**:latest` is the tag latest of all images, however deep.
    const matchesTag = picomatch(tag, OPTIONS);
    return (image, tag) => matchesImage(image) && matchesTag(tag);
  });
  return (image, tag) => matchers.some((matches) => matches(image, tag));
}

function splitPattern(pattern: string): { image: string; tag?: string } {
  const colon = pattern.lastIndexOf(':');
  return colon === -1
    ? { image: pattern }
    : { image: pattern.slice(0, colon), tag: pattern.slice(colon + 1) };
}

/** The images that `include` names, when it names each; undefined when a pattern may match others. */
export function namedImages(include: readonly string[]): string[] | undefined {
  const images = new Set(include.map((pattern) => splitPattern(pattern).image));
  return images.size > 0 && Array.from(images).every(isRepositoryName) ? Array.from(images) : undefined;
}

/** What `include` says of `image`, as patterns that match no other image. Its name must hold nothing that is special in a glob. */
export function narrowPatterns(include: readonly string[], image: string): string[] {
  if (include.length === 0) return [image];
  const tags = include
    .map(splitPattern)
    .filter((pattern) => picomatch.isMatch(image, pattern.image, OPTIONS))
    .map(({ tag }) => tag);
  return tags.includes(undefined) ? [image] : tags.map((tag) => `${image}:${tag}`);
}
