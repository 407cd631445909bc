import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FILTERS, NOTHING_FILTERED_OUT, countFilteredOut } from '../../../src/mirror/filters.ts';

describe('countFilteredOut', () => {
  it('is zero where nothing was filtered out, and grows with each filter', () => {
    expect(countFilteredOut(NOTHING_FILTERED_OUT)).toBe(0);
    fc.assert(
      fc.property(fc.constantFrom(...FILTERS), fc.nat(), fc.nat(1000), (name, one, other) => {
        const rest = { ...NOTHING_FILTERED_OUT, include: other };
        const expected = name === 'include' ? one : one + other;
        expect(countFilteredOut({ ...rest, [name]: one })).toBe(expected);
      }),
    );
  });
});
