import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatDuration, plural } from '../../../src/mirror/format.ts';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1234, '1.2 kB'],
    [99_900, '99.9 kB'],
    [99_960, '100.0 kB'],
    [999_499, '999 kB'],
    [999_960, '1.0 MB'],
    [100_000, '100 kB'],
    [1_000_000, '1.0 MB'],
    [1_200_000_000, '1.2 GB'],
    [12_345_678_901_234, '12.3 TB'],
    [1e15, '1.0 PB'],
    [5e18, '5000 PB'],
  ])('writes %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('uses one unit, and is within 5 % of the number', () => {
    const units = new Map(['B', 'kB', 'MB', 'GB', 'TB', 'PB'].map((unit, power) => [unit, 1000 ** power]));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        const [number = '', unit = ''] = formatBytes(bytes).split(' ');
        expect(Math.abs(Number(number) * (units.get(unit) ?? Number.NaN) - bytes)).toBeLessThanOrEqual(
          bytes * 0.05,
        );
      }),
    );
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0 s'],
    [499, '0 s'],
    [500, '1 s'],
    [12_000, '12 s'],
    [99_499, '99 s'],
    [99_500, '2 min'],
    [240_000, '4 min'],
    [59.4 * 60_000, '59 min'],
    [59.5 * 60_000, '1 h 0 min'],
    [72 * 60_000, '1 h 12 min'],
    [6 * 3_600_000, '6 h 0 min'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('formatCount', () => {
  it('writes any whole number as in English', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (count) => {
        expect(formatCount(count)).toBe(count.toLocaleString('en-US'));
      }),
    );
  });

  it.each([
    [0, '0'],
    [999, '999'],
    [1461, '1,461'],
    [129_378, '129,378'],
  ])('writes %d as %s', (count, text) => {
    expect(formatCount(count)).toBe(text);
  });
});

describe('plural', () => {
  it.each([
    [0, '0 tags'],
    [1, '1 tag'],
    [2, '2 tags'],
    [1461, '1,461 tags'],
  ])('writes %d as %s', (count, text) => {
    expect(plural(count, 'tag')).toBe(text);
  });
});
