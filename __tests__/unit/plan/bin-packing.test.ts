import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutRanges, packBins } from '../../../src/plan/bin-packing.ts';

const weights = fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 50 });

describe('packBins', () => {
  it('packs every item once, and overfills a bin only with a single item', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 150 }), (all, capacity) => {
        const items = all.toSorted((a, b) => b - a).map((weight) => ({ weight }));
        const bins = packBins(items, capacity);
        expect(bins.flat()).toHaveLength(items.length);
        expect(new Set(bins.flat()).size).toBe(items.length);
        for (const bin of bins) {
          const sum = bin.reduce((total, { weight }) => total + weight, 0);
          expect(bin.length === 1 || sum <= capacity).toBe(true);
        }
      }),
    );
  });

  it('puts each item into the first bin that has room', () => {
    const items = [6, 5, 4, 3, 2].map((weight) => ({ weight }));
    expect(packBins(items, 10).map((bin) => bin.map(({ weight }) => weight))).toEqual([
      [6, 4],
      [5, 3, 2],
    ]);
  });
});

describe('cutRanges', () => {
  it('covers all numbers with ranges that are not empty and do not overlap', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 10 }), (all, most) => {
        const items = all.toSorted((a, b) => a - b).map((number) => ({ number, weight: 1 + (number % 7) }));
        const ranges = cutRanges(items, most, 100);
        expect(ranges.length).toBeLessThanOrEqual(most);
        expect(ranges[0]?.first).toBe(0);
        expect(ranges.at(-1)?.last).toBe(99);
        const firsts = ranges.map((range) => range.first);
        expect(firsts.slice(1)).toEqual(ranges.slice(0, -1).map((range) => range.last + 1));
        for (const range of ranges) {
          expect(range.items.length).toBeGreaterThan(0);
          for (const { number } of range.items) {
            expect(number).toBeGreaterThanOrEqual(range.first);
            expect(number).toBeLessThanOrEqual(range.last);
          }
        }
        expect(ranges.flatMap((range) => range.items)).toEqual(items);
      }),
    );
  });
});
