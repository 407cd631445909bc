import { describe, expect, it } from 'vitest';
import { readTagList } from '../../../src/oci/tag-list.ts';

const url = new URL('https://r.io/v2/a/tags/list');
const next = new URL('https://r.io/v2/a/tags/list?last=v2');

describe('readTagList', () => {
  it('returns the tags of a page, and the page that follows', () => {
    expect(readTagList({ json: { name: 'other', tags: ['v1', 'v2'] }, url, next })).toEqual({
      items: ['v1', 'v2'],
      next,
    });
  });

  it.each([{ tags: [] }, { tags: null }, { name: 'a' }])('ends at the empty page %j', (json) => {
    expect(readTagList({ json, url, next })).toEqual({ items: [], next: undefined });
  });

  it.each([null, 'v1', { tags: 'v1' }, { tags: [1] }])('refuses %j', (json) => {
    expect(readTagList({ json, url, next })).toBeUndefined();
  });
});
