import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FilteredOut,
  type Filters,
  NOTHING_FILTERED_OUT,
  countFilteredOut,
} from '../../../src/mirror/filters.ts';
import { type ListedTag, type Listing, countListed } from '../../../src/mirror/listing.ts';
import { SCHEMA1_SIGNED } from '../../../src/oci/media-types.ts';
import { CompiledFilters } from '../../../src/select/compiled-filters.ts';
import { resolveSelection } from '../../../src/select/resolve.ts';
import { type Selection, select } from '../../../src/select/select.ts';
import { digest } from '../../support/fixtures/digests.ts';

const NONE: Filters = { include: [], exclude: [] };
const DAY = 24 * 3_600_000;
/** Not used, as all tags have digests. */
const CLIENT = {
  headManifest: async () => undefined,
  getManifest: async () => undefined,
  listTags: async () => [],
};

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

describe('digest tags', () => {
  const [FIRST, SECOND, CHILD] = [digest(1), digest(2), digest(3)];
  const about = (of: string, suffix: string): string => of.replace(':', '-') + suffix;
  const signed = listing({
    a: {
      'v1.0.0': { digest: FIRST },
      'v2.0.0': { digest: SECOND },
      [about(FIRST, '.sig')]: { digest: digest(11) },
      [about(SECOND, '.sig')]: { digest: digest(12) },
      [about(SECOND, '.att')]: { digest: digest(13) },
      [about(SECOND, '')]: { digest: digest(14) },
      [about(CHILD, '.sig')]: { digest: digest(15) },
    },
  });

  async function mirrored(filters: Partial<Filters>): Promise<{ tags: string[]; followers: number }> {
    const resolved = await resolveSelection(selected(signed, filters), CLIENT, () => undefined);
    return { tags: names(resolved.listing).toSorted(), followers: resolved.filteredOut['digest-tags'] };
  }

  it('are selected with the images that they belong to', async () => {
    const second = ['.att', '.sig', ''].map((suffix) => `a:${about(SECOND, suffix)}`);
    expect(await mirrored({ semver: '>=2' })).toEqual({
      tags: ['a:v2.0.0', ...second].toSorted(),
      followers: 2,
    });
    expect(await mirrored({ latest: 1 })).toEqual({ tags: ['a:v2.0.0', ...second].toSorted(), followers: 2 });
    expect(await mirrored({ include: [['a:v1*']] })).toEqual({
      tags: [`a:${about(FIRST, '.sig')}`, 'a:v1.0.0'],
      followers: 4,
    });
  });

  it('are all mirrored when no tag is filtered out, including those of platforms', async () => {
    expect((await mirrored({ include: [['a']] })).tags).toHaveLength(7);
    expect((await mirrored({ exclude: ['**:*.att'] })).tags).toHaveLength(6);
  });

  it('can be excluded by name', async () => {
    expect((await mirrored({ exclude: ['**:sha256-*'] })).tags).toEqual(['a:v1.0.0', 'a:v2.0.0']);
    expect((await mirrored({ include: [['b']] })).tags).toEqual([]);
  });
});

describe('resolveSelection', () => {
  it('sets schema1 images aside, except those that are filtered out', async () => {
    const source = listing({
      a: { new: { digest: digest(1) }, old: { digest: digest(2), mediaType: SCHEMA1_SIGNED } },
      b: { old: { digest: digest(2), mediaType: SCHEMA1_SIGNED } },
    });
    const resolved = await resolveSelection(selected(source, { exclude: ['b'] }), CLIENT, () => undefined);
    expect(names(resolved.listing)).toEqual(['a:new']);
    expect(resolved.unsupported).toEqual([{ image: 'a', tags: ['old'] }]);
  });
});

describe('wantsName', () => {
  it('accepts digest tags whatever the range of versions', () => {
    const { wantsName } = new CompiledFilters({ ...NONE, include: [['a:v*']], semver: '>=2' });
    const follower = `${digest(1).replace(':', '-')}.sig`;
    expect([
      wantsName('a', 'v2'),
      wantsName('a', 'v1'),
      wantsName('a', follower),
      wantsName('b', follower),
    ]).toEqual([true, false, true, false]);
  });
});
