import { describe, expect, it } from 'vitest';
import type { ImageTags } from '../../../src/mirror/failure.ts';
import type { Listing } from '../../../src/mirror/listing.ts';
import type { RecordedImages } from '../../../src/mirror/record-entry.ts';
import type { NamespaceSettings } from '../../../src/mirror/settings.ts';
import { listReferences } from '../../../src/select/exact.ts';
import { type RemovedOptions, findRemovedTags } from '../../../src/select/removed-tags.ts';
import { rulesOf } from '../../../src/select/rules.ts';
import { select } from '../../../src/select/select.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { listing, recorded } from '../../support/fixtures/listings.ts';
import { listedImage, listSettings } from '../../support/fixtures/lists.ts';

const RECORDED = recorded({
  a: { v1: digest(1), v2: digest(2), nightly: digest(3) },
  b: { v1: digest(4), v2: null },
});

/** What is removed where the source has the images of `source`, and `given` settings select from them. */
function removed(
  source: Listing,
  record: RecordedImages,
  given: Partial<NamespaceSettings> = {},
  options: Partial<RemovedOptions> = {},
): ImageTags[] {
  const settings = listSettings(given);
  const rules = rulesOf(settings).map((rule) => {
    const found = rule.references ? listReferences(settings.namespace, rule) : source;
    return { ...rule, listing: found, selection: select(found, rule.filters) };
  });
  return findRemovedTags(record, {
    rules,
    isFound: () => false,
    unknown: new Set(source.failures.map(({ image }) => image)),
    mayBeTakenOff: () => true,
    ...options,
  });
}

describe('findRemovedTags', () => {
  it('finds tags that are recorded and that the source does not have', () => {
    const source = listing({ a: { v1: digest(1), v3: digest(5) }, c: { v1: digest(6) } });
    expect(removed(source, RECORDED)).toEqual([
      { image: 'a', tags: ['v2', 'nightly'] },
      { image: 'b', tags: ['v1', 'v2'] },
    ]);
  });

  it('does not count tags of a repository that could not be listed, or of repositories nested in it', () => {
    const images = recorded({ 'a/b': { x: digest(1) }, 'a/b/c': { x: digest(1) }, 'a/bc': { x: digest(1) } });
    expect(removed(listing({}, ['a/b']), images)).toEqual([{ image: 'a/bc', tags: ['x'] }]);
  });

  it('counts nothing where the whole source could not be listed', () => {
    expect(removed(listing({}, ['']), RECORDED)).toEqual([]);
  });

  it('does not count tags that are filtered out', () => {
    const filters = { include: [['a']], exclude: ['*:nightly'] };
    expect(removed(listing({ a: { v1: digest(1) } }), RECORDED, { filters })).toEqual([
      { image: 'a', tags: ['v2'] },
    ]);
  });

  it('counts what was taken off a list, but no tag that was found or may not be judged', () => {
    const list = [listedImage('a', { references: [{ tag: 'v1' }, { tag: 'v2' }] })];
    const given = { list, isListOnly: true } as const;
    const isFound = (key: string, tag: string): boolean => key === 'a' && tag === 'v1';
    const all = [
      { image: 'a', tags: ['v2', 'nightly'] },
      { image: 'b', tags: ['v1', 'v2'] },
    ];
    expect(removed(listing({}), RECORDED, given, { isFound })).toEqual(all);
    expect(removed(listing({}), RECORDED, given, { isFound, mayBeTakenOff: () => false })).toEqual([
      { image: 'a', tags: ['v2'] },
    ]);
  });

  it('counts the tags of a name that was taken off, and not those of the names that are left', () => {
    const record = recorded({ 'a as x': { v1: digest(1) }, 'a as y': { v1: digest(1) } });
    const list = [listedImage('a', { names: ['x'] })];
    const source = listing({ a: { v1: digest(1) } });
    expect(removed(source, record, { list, isListOnly: true })).toEqual([{ image: 'a as y', tags: ['v1'] }]);
  });
});
