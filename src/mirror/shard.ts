import { createHash } from 'node:crypto';
import { imageOf } from './image-key.ts';
import type { ListedTag, Listing } from './listing.ts';
import { type Namespace, formatNamespace } from './namespace.ts';
import type { RecordedImages } from './record-entry.ts';

/** One job's part of all images: those numbered from `first` to `last`, counted from 0, of `total` numbers. */
export interface Shard {
  readonly first: number;
  readonly last: number;
  readonly total: number;
}

/** A matrix has at most 256 jobs; a plan uses more numbers than that, to balance its parts. */
export const MAX_SHARDS = 65_536;

/**
 * The number of an image, from 0 to `total - 1`. It depends on names alone: every job of a matrix computes the same
 * number for an image, whatever part of the source it lists and in whatever order.
 */
export function shardOf(namespace: Namespace, image: string, total: number): number {
  if (total === 1) return 0;
  const hash = createHash('sha256')
    .update(`${formatNamespace(namespace)} ${image}`)
    .digest();
  return hash.readUIntBE(0, 6) % total;
}

/** True when `image` belongs to this job. */
export function isOwn({ first, last, total }: Shard, namespace: Namespace, image: string): boolean {
  const number = shardOf(namespace, image, total);
  return first <= number && number <= last;
}

/** True when one job covers all images. */
export function isWhole({ first, last, total }: Shard): boolean {
  return first === 0 && last === total - 1;
}

/** This job's part of a listing. */
export function ownListing<T extends ListedTag>(listing: Listing<T>, shard: Shard): Listing<T> {
  if (isWhole(shard)) return listing;
  const own = (image: string): boolean => isOwn(shard, listing.namespace, image);
  return {
    ...listing,
    images: new Map(Array.from(listing.images).filter(([image]) => own(image))),
    failures: listing.failures.filter(({ image }) => own(image)),
  };
}

/** This job's part of what is recorded. */
export function ownImages(images: RecordedImages, shard: Shard, namespace: Namespace): RecordedImages {
  if (isWhole(shard)) return images;
  return new Map(Array.from(images).filter(([key]) => isOwn(shard, namespace, imageOf(key))));
}
