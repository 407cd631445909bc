import { describe, expect, it } from 'vitest';
import { countListed } from '../../../src/mirror/listing.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { listing } from '../../support/fixtures/listings.ts';

describe('countListed', () => {
  it('counts the tags of all images', () => {
    expect(countListed(listing({}).images)).toBe(0);
    expect(
      countListed(
        listing({ a: { v1: digest(1), v2: digest(1) }, b: { v1: digest(2) }, c: {}, d: {} }).images,
      ),
    ).toBe(3);
  });
});
