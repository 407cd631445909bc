import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FilteredOut,
  type Filters,
  NOTHING_FILTERED_OUT,
  countFilteredOut,
} from '../../../src/mirror/filters.ts';
import { type ListedTag, type Listing, countListed } from '../../../src/mirror/listing.ts';
import { CompiledFilters } from '../../../src/select/compiled-filters.ts';
import { type Selection, select } from '../../../src/select/select.ts';
import { digest } from '../../support/fixtures/digests.ts';

const NONE: Filters = { include: [], exclude: [] };
const DAY = 24 * 3_600_000;
type Tags = Record<string, ListedTag>;

function listing(images: Record<string, Tags>): Listing<ListedTag> {
  return {
    namespace: { registry: 'gcr.io', path: 'ns' },
    images: new Map(
      Object.entries(images).map(([image, tags]) => [
        image,
        { repository: `ns/${image}`, tags: new Map(Object.entries(tags)) },
      ]),
    ),
    failures: [],
  };
}

function bare(...tags: string[]): Tags {
  return Object.fromEntries(tags.map((tag) => [tag, null]));
}

function selected(source: Listing<ListedTag>, filters: Partial<Filters>): Selection {
  return select(source, new CompiledFilters({ ...NONE, ...filters }));
}

function names({ images }: Pick<Listing<ListedTag>, 'images'>): string[] {
  return Array.from(images, ([image, { tags }]) =>
    Array.from(tags.keys(), (tag) => `${image}:${tag}`),
  ).flat();
}

describe('select', () => {
  const source = listing({ base: bare('v1', 'debug', 'v1-debug'), 'java/debian': bare('v1', 'v2') });

  it.each<[Partial<Filters>, string[], Partial<FilteredOut>]>([
    [{}, ['base:v1', 'base:debug', 'base:v1-debug', 'java/debian:v1', 'java/debian:v2'], {}],
    [{ include: [['base']] }, ['base:v1', 'base:debug', 'base:v1-debug'], { include: 2 }],
    [{ include: [['base'], ['**:v1']] }, ['base:v1'], { include: 4 }],
    [{ include: [['base'], []] }, ['base:v1', 'base:debug', 'base:v1-debug'], { include: 2 }],
    [{ exclude: ['**:*debug', 'java/*:v1'] }, ['base:v1', 'java/debian:v2'], { exclude: 3 }],
    [
      { include: [['base']], exclude: ['base:debug'] },
      ['base:v1', 'base:v1-debug'],
      { include: 2, exclude: 1 },
    ],
    [{ semver: '<2' }, ['base:v1', 'java/debian:v1'], { semver: 3 }],
    [{ latest: 1 }, ['base:v1', 'java/debian:v2'], { latest: 3 }],
    [
      { exclude: ['**:v2'], semver: '*', latest: 1 },
      ['base:v1', 'java/debian:v1'],
      { exclude: 1, semver: 2 },
    ],
  ])('with %j keeps %j', (filters, kept, dropped) => {
    const selection = selected(source, filters);
    expect(names(selection.listing)).toEqual(kept);
    expect(selection.filteredOut).toEqual({ ...NOTHING_FILTERED_OUT, ...dropped });
  });

  it('passes an image on unchanged when it filters out none of its tags', () => {
    const { images } = selected(source, { exclude: ['base'] }).listing;
    expect(images.get('java/debian')?.tags).toBe(source.images.get('java/debian')?.tags);
  });

  it('counts every tag once: as kept, as filtered out, or as a digest tag', () => {
    const tag = fc.oneof(
      fc.constantFrom('v1', 'v1.2', 'v1.2.3', '2.0.0-rc.1', 'latest', 'debug'),
      fc.constantFrom(1, 2, 3).map((number) => `${digest(number).replace(':', '-')}.sig`),
    );
    const listed = fc.oneof(
      fc.constant(null),
      fc.record({ digest: fc.constantFrom(1, 2, 3).map(digest), uploaded: fc.nat(100) }),
    );
    const images = fc.dictionary(
      fc.constantFrom('a', 'b/c', 'd'),
      fc.dictionary(tag, listed, { minKeys: 1, noNullPrototype: true }),
      { noNullPrototype: true },
    );
    const filters = fc.record({
      include: fc.subarray([['a'], ['**:v*'], []]),
      exclude: fc.subarray(['b/*', '**:latest', '**:sha256-*']),
    });
    const numbers = fc.record(
      {
        semver: fc.constantFrom('*', '>=1.2', '*-0'),
        latest: fc.integer({ min: 1, max: 3 }),
        newerThan: fc.nat(100),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(images, filters, numbers, (images, patterns, others) => {
        const all = listing(images);
        const { listing: kept, digestTags, filteredOut } = selected(all, { ...patterns, ...others });
        expect(countListed(kept.images) + countListed(digestTags) + countFilteredOut(filteredOut)).toBe(
          countListed(all.images),
        );
        const once = [...names(kept), ...names({ images: digestTags })];
        expect(new Set(once).size).toBe(once.length);
      }),
    );
  });
});

describe('the newest tags', () => {
  const at = (uploaded: number): ListedTag => ({ digest: digest(uploaded), uploaded });

  it('are those of the highest versions, before tags that are not versions', () => {
    const source = listing({ a: bare('v1.9.0', 'v1.10.0', 'v1.10.0-rc.1', 'latest', 'v1.10') });
    expect(names(selected(source, { latest: 2 }).listing)).toEqual(['a:v1.10.0', 'a:v1.10']);
    expect(names(selected(source, { latest: 5 }).listing)).toHaveLength(5);
  });

  it('are those pushed last if the source reports most push times', () => {
    const source = listing({ a: { 'v1.9.1': at(30), 'v1.10.0': at(20), 'v1.8.0': at(10), latest: at(30) } });
    expect(names(selected(source, { latest: 2 }).listing)).toEqual(['a:v1.9.1', 'a:latest']);
    const unsure = listing({ a: { 'v1.9.1': at(30), 'v1.10.0': null, latest: null } });
    expect(names(selected(unsure, { latest: 1 }).listing)).toEqual(['a:v1.10.0']);
  });

  it('are by push time although one tag has none, which comes last', () => {
    const source = listing({ a: { 'v1.9.1': at(30), 'v1.10.0': null, latest: at(40) } });
    expect(names(selected(source, { latest: 1 }).listing)).toEqual(['a:latest']);
    expect(names(selected(source, { latest: 2 }).listing)).toEqual(['a:v1.9.1', 'a:latest']);
  });

  it('are counted among the tags that the other filters select', () => {
    const source = listing({ a: bare('1.1.0', '1.2.0', '2.0.0') });
    expect(names(selected(source, { semver: '1.x', latest: 1 }).listing)).toEqual(['a:1.2.0']);
  });

  it('are not older than newer-than if the source reports push times', () => {
    const source = listing({ a: { old: at(DAY), new: at(3 * DAY), 'who-knows': null } });
    expect(names(selected(source, { newerThan: 2 * DAY }).listing)).toEqual(['a:new', 'a:who-knows']);
  });
});
