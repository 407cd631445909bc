import type { Digest } from '../oci/digest.ts';
import type { Failure, ImageTags } from './failure.ts';
import type { FilteredOut } from './filters.ts';
import type { Namespace } from './namespace.ts';

/** What a source reports about one manifest. Tags of one manifest share one object. */
export interface SourceDescriptor {
  readonly digest: Digest;
  /** Absent where the source does not report it. */
  readonly mediaType?: string;
  /** Bytes of the image with its layers; absent where the source does not report it. */
  readonly size?: number;
  /** When it was pushed, in milliseconds since the epoch; absent where the source does not report it. */
  readonly uploaded?: number;
}

/** A tag as a source lists it: `null` where the list has the tag's name only, and its digest must be looked up. */
export type ListedTag = SourceDescriptor | null;

/** One repository of a namespace. */
export interface SourceImage<T extends ListedTag = SourceDescriptor> {
  /** Its full path in the registry. */
  readonly repository: string;
  readonly tags: ReadonlyMap<string, T>;
}

/** The contents of a source namespace. */
export interface Listing<T extends ListedTag = SourceDescriptor> {
  readonly namespace: Namespace;
  /** By the repository's path inside the namespace. */
  readonly images: ReadonlyMap<string, SourceImage<T>>;
  /** Repositories that could not be listed: their tags are unknown, not removed. */
  readonly failures: readonly Failure[];
}

/** Number of tags in `images`. */
export function countListed(images: Listing<ListedTag>['images']): number {
  let count = 0;
  for (const { tags } of images.values()) count += tags.size;
  return count;
}

/** The tags to mirror, each with its digest. */
export interface ResolvedSelection {
  readonly listing: Listing;
  readonly filteredOut: FilteredOut;
  /** Tags of schema1 images, which no target accepts. */
  readonly unsupported: readonly ImageTags[];
  /** Number of tags that were not looked up at the source, because their turn to be rechecked has not come. */
  readonly notRechecked: number;
  /** Digest tags whose subject no selected tag names: it is filtered out, or is a child of an index that is mirrored. */
  readonly unmatchedDigestTags: Listing<ListedTag>['images'];
}
