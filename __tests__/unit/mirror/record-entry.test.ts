import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type RecordEntry,
  type RecordedImages,
  countEntries,
  holds,
  mergeImages,
  removeEntries,
} from '../../../src/mirror/record-entry.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { flatten, images } from '../../support/fixtures/recorded-images.ts';

const [A, B] = [digest(1), digest(2)];

describe('mergeImages', () => {
  it('takes over what is new or has moved, tag by tag', () => {
    const base: RecordedImages = new Map([
      [
        'base',
        new Map([
          ['v1', A],
          ['v2', A],
        ]),
      ],
    ]);
    const delta: RecordedImages = new Map([
      [
        'base',
        new Map<string, RecordEntry>([
          ['v2', B],
          ['v3', null],
        ]),
      ],
    ]);
    expect(mergeImages(base, delta)).toEqual(
      new Map([
        [
          'base',
          new Map<string, RecordEntry>([
            ['v1', A],
            ['v2', B],
            ['v3', null],
          ]),
        ],
      ]),
    );
    expect(base.get('base')?.get('v2')).toBe(A);
  });

  it('fills in an unknown digest, and never replaces a known one by an unknown one', () => {
    const known: RecordedImages = new Map([['base', new Map([['v1', A]])]]);
    const unknown: RecordedImages = new Map([['base', new Map([['v1', null]])]]);
    expect(mergeImages(known, unknown)).toBe(known);
    expect(mergeImages(unknown, known)).toEqual(known);
  });

  it('returns the base itself when nothing changes', () => {
    const entry: RecordEntry = { digest: A, target: B, platforms: ['linux/amd64'] };
    const base: RecordedImages = new Map([['base', new Map<string, RecordEntry>([['v1', entry]])]]);
    expect(mergeImages(base, new Map([['base', new Map<string, RecordEntry>([['v1', { ...entry }]])]]))).toBe(
      base,
    );
    expect(mergeImages(base, new Map([['other', new Map<string, RecordEntry>()]]))).toBe(base);
    const { platforms: _, ...whole } = entry;
    expect(mergeImages(base, new Map([['base', new Map<string, RecordEntry>([['v1', whole]])]]))).not.toBe(
      base,
    );
  });

  it('never replaces a known digest by null, whatever is merged', () => {
    fc.assert(
      fc.property(images, images, (base, delta) => {
        const merged = flatten(mergeImages(base, delta));
        const forgotten = Array.from(flatten(base)).filter(
          ([name, entry]) => entry !== null && (merged.get(name) ?? null) === null,
        );
        expect(forgotten).toEqual([]);
        expect(mergeImages(base, base)).toBe(base);
      }),
    );
  });

  it('changes neither of the two that it merges', () => {
    fc.assert(
      fc.property(images, images, (base, delta) => {
        const before = [flatten(base), flatten(delta)];
        mergeImages(base, delta);
        expect([flatten(base), flatten(delta)]).toEqual(before);
      }),
    );
  });

  it('is idempotent, loses no tag and invents none', () => {
    fc.assert(
      fc.property(images, images, (base, delta) => {
        const merged = mergeImages(base, delta);
        expect(mergeImages(merged, delta)).toBe(merged);
        const model = flatten(base);
        for (const [name, entry] of flatten(delta)) {
          if (entry !== null || !model.has(name)) model.set(name, entry);
        }
        expect(flatten(merged)).toEqual(model);
      }),
    );
  });

  it('does not depend on the order of deltas that have no tag in common', () => {
    fc.assert(
      fc.property(images, images, fc.func(fc.boolean()), (base, all, isFirst) => {
        const part = (wanted: boolean): RecordedImages =>
          new Map(
            Array.from(all, ([image, tags]) => [
              image,
              new Map(Array.from(tags).filter(([tag]) => isFirst(image, tag) === wanted)),
            ]),
          );
        const [one, two] = [part(true), part(false)];
        expect(mergeImages(mergeImages(base, one), two)).toEqual(mergeImages(mergeImages(base, two), one));
      }),
    );
  });
});

describe('removeEntries', () => {
  const entries = fc.dictionary(fc.constantFrom('v1', 'v2', 'v3'), fc.option(fc.constantFrom(A, B)));
  const images = fc
    .dictionary(fc.constantFrom('a', 'b', 'c'), entries)
    .map(
      (plain) =>
        new Map(Object.entries(plain).map(([image, tags]) => [image, new Map(Object.entries(tags))])),
    );

  it('removes the entries that are still as they were, and nothing else', () => {
    fc.assert(
      fc.property(images, images, (base, removed) => {
        const left = removeEntries(base, removed);
        for (const [image, tags] of base) {
          for (const [tag, entry] of tags) {
            const seen = removed.get(image)?.get(tag);
            expect(left.get(image)?.get(tag)).toBe(seen === entry ? undefined : entry);
          }
        }
        expect(countEntries(left)).toBeLessThanOrEqual(countEntries(base));
      }),
    );
  });

  it('returns the very same images when there is nothing to remove', () => {
    const base = new Map([['a', new Map([['v1', A]])]]);
    expect(removeEntries(base, new Map([['a', new Map([['v1', B]])]]))).toBe(base);
  });
});

describe('holds', () => {
  const sha512: Digest = `sha512:${createHash('sha512').update('image').digest('hex')}`;

  it('is false for an entry with another digest at the target where digests must be kept', () => {
    const entry = { digest: A, target: B };
    expect(holds('v1', entry, A, { platforms: 'all', referrers: true })).toBe(false);
    expect(holds('v1', entry, A, { platforms: 'all', referrers: false })).toBe(true);
  });

  it('is true for an entry whose target uses another digest algorithm', () => {
    const entry = { digest: sha512, target: B };
    expect(holds('v1', entry, sha512, { platforms: 'all', referrers: true })).toBe(true);
  });
});
