import { describe, expect, it } from 'vitest';
import { findRemovedTags } from '../../../src/plan/diff.ts';
import { CompiledFilters } from '../../../src/select/compiled-filters.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { listing, recorded } from '../../support/fixtures/listings.ts';

const RECORDED = recorded({
  a: { v1: digest(1), v2: digest(2), nightly: digest(3) },
  b: { v1: digest(4), v2: null },
});

describe('findRemovedTags', () => {
  it('finds tags that are recorded and that the source does not have', () => {
    const source = listing({ a: { v1: digest(1), v3: digest(5) }, c: { v1: digest(6) } });
    expect(findRemovedTags(source, RECORDED, () => true)).toEqual([
      { image: 'a', tags: ['v2', 'nightly'] },
      { image: 'b', tags: ['v1', 'v2'] },
    ]);
  });

  it('does not count tags of a repository that could not be listed, or of repositories nested in it', () => {
    const images = recorded({ 'a/b': { x: digest(1) }, 'a/b/c': { x: digest(1) }, 'a/bc': { x: digest(1) } });
    expect(findRemovedTags(listing({}, ['a/b']), images, () => true)).toEqual([
      { image: 'a/bc', tags: ['x'] },
    ]);
  });

  it('does not count tags that are filtered out', () => {
    const { wantsName } = new CompiledFilters({ include: [['a']], exclude: ['*:nightly'] });
    expect(findRemovedTags(listing({ a: { v1: digest(1) } }), RECORDED, wantsName)).toEqual([
      { image: 'a', tags: ['v2'] },
    ]);
  });
});
