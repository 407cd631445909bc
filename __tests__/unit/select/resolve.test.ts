import { describe, expect, it } from 'vitest';
import type { Filters } from '../../../src/mirror/filters.ts';
import type { ListedTag, Listing } from '../../../src/mirror/listing.ts';
import { SCHEMA1_SIGNED } from '../../../src/oci/media-types.ts';
import { CompiledFilters } from '../../../src/select/compiled-filters.ts';
import { resolveSelection } from '../../../src/select/resolve.ts';
import { type Selection, select } from '../../../src/select/select.ts';
import { digest } from '../../support/fixtures/digests.ts';

/** Not used, as all tags have digests. */
const CLIENT = {
  headManifest: async () => undefined,
  getManifest: async () => undefined,
  listTags: async () => [],
};

const NONE: Filters = { include: [], exclude: [] };
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

function selected(source: Listing<ListedTag>, filters: Partial<Filters>): Selection {
  return select(source, new CompiledFilters({ ...NONE, ...filters }));
}

function names({ images }: Pick<Listing<ListedTag>, 'images'>): string[] {
  return Array.from(images, ([image, { tags }]) =>
    Array.from(tags.keys(), (tag) => `${image}:${tag}`),
  ).flat();
}

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
