import type { Digest } from '../oci/digest.ts';
import type { Failure, ImageTags } from './failure.ts';
import type { FilteredOut } from './filters.ts';
import type { Namespace } from './namespace.ts';

/** What a source says of one manifest. Tags of one manifest share one object. */
export interface SourceDescriptor {
  readonly digest: Digest;
  /** Absent where the source does not tell. */
  readonly mediaType?: string;
  /** Bytes of the image with its layers; absent where the source does not tell. */
  readonly size?: number;
  /** When it was pushed, in milliseconds since the epoch; absent where the source does not tell. */
  readonly uploaded?: number;
}

/** A tag as a source lists it: `null` where it names the tag alone, and its digest must be asked for. */
export type ListedTag = SourceDescriptor | null;

/** One repository of a namespace. */
export interface SourceImage<T extends ListedTag = SourceDescriptor> {
  /** Its full path in the registry. */
  readonly repository: string;
  readonly tags: ReadonlyMap<string, T>;
}

/** What a namespace holds. */
export interface Listing<T extends ListedTag = SourceDescriptor> {
  readonly namespace: Namespace;
  /** By the repository's path inside the namespace. */
  readonly images: ReadonlyMap<string, SourceImage<T>>;
  /** Repositories that could not be listed: what they hold is unknown, not gone. */
  readonly failures: readonly Failure[];
}

/** Number of tags in `images`. */
export function countListed(images: Listing<ListedTag>['images']): number {
  let count = 0;
  for (const { tags } of images.values()) count += tags.size;
  return count;
}

/** What is to be mirrored, each tag with its digest. */
export interface ResolvedSelection {
  readonly listing: Listing;
  readonly filteredOut: FilteredOut;
  /** Tags of schema1 images, which no target takes. */
  readonly unsupported: readonly ImageTags[];
  /** Number of tags that the source was not asked for. */
  readonly notRechecked: number;
  /** Tags that follow images of which nobody knows: left out, or inside of an index that is mirrored. */
  readonly unmatchedDigestTags: Listing<ListedTag>['images'];
}
