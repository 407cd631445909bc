import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Shard, isOwn, ownImages, ownListing, shardOf } from '../../../src/mirror/shard.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { NAMESPACE, listing, recorded } from '../../support/fixtures/listings.ts';

const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,8}(?:\/[a-z0-9]{1,8})?$/), { maxLength: 50 });

function shards(total: number): Shard[] {
  return Array.from({ length: total }, (_, index) => ({ first: index, last: index, total }));
}

function listed(images: readonly string[]): ReturnType<typeof listing> {
  return listing(Object.fromEntries(images.map((image) => [image, { v1: digest(1) }])), [...images]);
}

describe('shards', () => {
  it('are disjoint and complete', () => {
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 20 }), (images, total) => {
        const parts = shards(total).map((shard) => ownListing(listed(images), shard));
        expect(parts.flatMap((part) => Array.from(part.images.keys())).toSorted()).toEqual(images.toSorted());
        expect(parts.flatMap(({ failures }) => failures.map(({ image }) => image)).toSorted()).toEqual(
          images.toSorted(),
        );
      }),
    );
  });

  it('do not depend on the order of the images, or on other images', () => {
    fc.assert(
      fc.property(
        names,
        fc.integer({ min: 1, max: 20 }),
        fc.infiniteStream(fc.boolean()),
        (images, total, seen) => {
          const others = images.toReversed().filter(() => seen.next().value);
          for (const shard of shards(total)) {
            const own = ownListing(listed(images), shard).images;
            const there = Array.from(ownListing(listed(others), shard).images.keys()).toSorted();
            expect(there).toEqual(others.filter((image) => own.has(image)).toSorted());
          }
        },
      ),
    );
  });

  it('split the record as they split the listing', () => {
    fc.assert(
      fc.property(names, fc.integer({ min: 2, max: 20 }), (images, total) => {
        const entries = recorded(Object.fromEntries(images.map((image) => [image, { v1: digest(1) }])));
        for (const shard of shards(total)) {
          expect(Array.from(ownImages(entries, shard, NAMESPACE).keys())).toEqual(
            Array.from(ownListing(listed(images), shard).images.keys()),
          );
        }
      }),
    );
  });

  it('may be ranges of numbers that add up', () => {
    const images = Array.from({ length: 200 }, (_, index) => `image-${index}`);
    const parts = [
      { first: 0, last: 99, total: 300 },
      { first: 100, last: 100, total: 300 },
      { first: 101, last: 299, total: 300 },
    ].map((shard) => images.filter((image) => isOwn(shard, NAMESPACE, image)));
    expect(parts.flat().toSorted()).toEqual(images.toSorted());
    expect(parts[0]?.length).toBeGreaterThan(40);
  });

  it('have about the same number of images each', () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (let index = 0; index < 10_000; index += 1) {
      const number = shardOf(NAMESPACE, `image-${index}`, 10);
      counts[number] = (counts[number] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  // Jobs of different versions may run side by side.
  it('keep the number of an image across versions', () => {
    expect(shardOf({ registry: 'gcr.io', path: 'distroless' }, 'base', 65_536)).toBe(56_135);
  });
});
