import { describe, expect, it } from 'vitest';
import { countTags } from '../../../src/mirror/failure.ts';

describe('countTags', () => {
  it('adds up the tags of all images', () => {
    expect(
      countTags([
        { image: 'a', tags: ['v1', 'v2'] },
        { image: 'b', tags: [] },
        { image: 'c', tags: ['v1'] },
      ]),
    ).toBe(3);
  });

  it('is zero without images', () => {
    expect(countTags([])).toBe(0);
  });
});
