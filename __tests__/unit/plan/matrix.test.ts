import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Matrix } from '../../../src/mirror/matrix.ts';
import { type Namespace, formatNamespace } from '../../../src/mirror/namespace.ts';
import { isOwn } from '../../../src/mirror/shard.ts';
import { planMatrix } from '../../../src/plan/matrix.ts';
import type { ImageWork, NamespaceWork } from '../../../src/plan/namespace-work.ts';
import { CompiledFilters } from '../../../src/select/compiled-filters.ts';

const NO_FILTERS = { include: [], exclude: [] };

function work(image: string, bytes: number, given: Partial<ImageWork> = {}): ImageWork {
  return { image, bytes, tags: 1, unsized: 0, ...given };
}

function namespace(path: string): Namespace {
  return { registry: 'gcr.io', path };
}

const images = fc.uniqueArray(
  fc.record({
    image: fc.stringMatching(/^[a-z]{1,3}(?:\/[a-z]{1,2})?$/),
    bytes: fc.oneof(fc.nat(100), fc.nat(1_000_000)),
    tags: fc.integer({ min: 1, max: 9 }),
    unsized: fc.constant(0),
  }),
  { selector: ({ image }) => image, maxLength: 40 },
);
const works: fc.Arbitrary<NamespaceWork[]> = fc
  .array(images, { maxLength: 6 })
  .map((all) => all.map((images, index) => ({ namespace: namespace(`n${index}`), images })));

/** How many entries of `matrix` have a job do `image` of `source`, by what they put into its inputs. */
function doers({ include }: Matrix, source: Namespace, image: string): number {
  return include.filter((entry) => {
    const [first = 0, last = first] = entry['shard-index'].split('-').map(Number);
    const filters = new CompiledFilters({
      include: [lines(entry.images)],
      exclude: lines(entry.exclude),
    });
    return (
      lines(entry.namespace).includes(formatNamespace(source)) &&
      filters.wantsName(image, 'v1') &&
      isOwn({ first, last, total: entry['shard-total'] }, source, image)
    );
  }).length;
}

function lines(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}

describe('planMatrix', () => {
  it.each([
    ['by name', undefined],
    ['by number', 60_000],
  ])('gives each image with work to exactly one job: %s', (_, maxBytes) => {
    fc.assert(
      fc.property(works, fc.integer({ min: 1, max: 30 }), (works, maxEntries) => {
        const limit = maxBytes === undefined ? {} : { maxBytes };
        const matrix = planMatrix(works, { maxEntries, filters: NO_FILTERS, ...limit });
        expect(matrix.include.length).toBeLessThanOrEqual(maxEntries);
        for (const { namespace, images } of works)
          for (const { image } of images) expect(doers(matrix, namespace, image)).toBe(1);
        const all = works.flatMap(({ images }) => images);
        for (const count of ['tags', 'bytes'] as const) {
          const sum = (list: readonly Readonly<Record<'tags' | 'bytes', number>>[]): number =>
            list.reduce((total, one) => total + one[count], 0);
          expect(sum(matrix.include)).toBe(sum(all));
        }
        expect(matrix.include.every(({ tags }) => tags > 0)).toBe(true);
      }),
    );
  });

  it('gives no job much more than its share, unless one image has that', () => {
    fc.assert(
      fc.property(works, fc.integer({ min: 1, max: 30 }), (works, maxEntries) => {
        const { include } = planMatrix(works, { maxEntries, filters: NO_FILTERS });
        const sizes = works.flatMap(({ images }) => images.map(({ bytes }) => Math.max(1, bytes)));
        const share = sizes.reduce((sum, size) => sum + size, 0) / maxEntries;
        const largest = Math.max(0, ...sizes);
        for (const { bytes } of include) expect(bytes).toBeLessThanOrEqual(2 * Math.max(share, largest));
      }),
    );
  });

  it('comes close to the fair share with many images', () => {
    const images = Array.from({ length: 5000 }, (_, index) =>
      work(`image-${index}`, 1000 + ((index * 7919) % 5000)),
    );
    const { include } = planMatrix(
      [
        { namespace: namespace('big'), images },
        { namespace: namespace('a'), images: [work('x', 5)] },
        { namespace: namespace('b'), images: [work('x', 7)] },
      ],
      { maxEntries: 20, filters: NO_FILTERS },
    );
    const share = include.reduce((sum, { bytes }) => sum + bytes, 0) / 20;
    expect(include).toHaveLength(20);
    for (const { bytes } of include.slice(0, -1)) expect(bytes).toBeLessThan(share * 1.15);
    // Small namespaces share a job.
    expect(include.at(-1)).toMatchObject({ namespace: 'gcr.io/a\ngcr.io/b', images: '', tags: 2, bytes: 12 });
  });

  it('is the same in whatever order work is found', () => {
    fc.assert(
      fc.property(works, fc.integer({ min: 1, max: 30 }), (works, maxEntries) => {
        const turned = works.toReversed().map((one) => ({ ...one, images: one.images.toReversed() }));
        const options = { maxEntries, filters: NO_FILTERS };
        expect(planMatrix(turned, options)).toEqual(planMatrix(works, options));
      }),
    );
  });

  it('has no entry for a namespace without work', () => {
    const works = [
      { namespace: namespace('a'), images: [] },
      { namespace: namespace('b'), images: [work('x', 1)] },
    ];
    expect(planMatrix(works, { maxEntries: 20, filters: NO_FILTERS }).include).toMatchObject([
      { namespace: 'gcr.io/b', images: 'x', part: '1/1', tags: 1 },
    ]);
    expect(planMatrix([], { maxEntries: 20, filters: NO_FILTERS })).toEqual({ include: [] });
  });

  it('balances by tags when no size is known', () => {
    const images = ['a', 'b', 'c', 'd'].map((image, index) =>
      work(image, 0, { tags: [30, 10, 10, 10][index] ?? 0, unsized: 1 }),
    );
    const { include } = planMatrix([{ namespace: namespace('n'), images }], {
      maxEntries: 2,
      filters: NO_FILTERS,
    });
    expect(include.map(({ images, tags }) => [images, tags])).toEqual([
      ['a', 30],
      ['b\nc\nd', 30],
    ]);
  });

  it('passes the filters on, so that no job copies a tag that the plan filtered out', () => {
    const filters = { include: ['a*:v*', 'a1:latest', 'b'], exclude: ['**:*-debug'] };
    const images = [work('a1', 10), work('a2', 10), work('b', 10)];
    const { include } = planMatrix([{ namespace: namespace('n'), images }], { maxEntries: 1, filters });
    expect(include).toMatchObject([{ images: 'a1:v*\na1:latest\na2:v*\nb', exclude: '**:*-debug' }]);
  });

  it('stays under 1 MB of UTF-16 with more names than fit, and stays balanced', () => {
    const images = Array.from({ length: 20_000 }, (_, index) =>
      work(`${'a-long-path-of-a-repository/'.repeat(4)}image-${index}`, 1 + (index % 1000)),
    );
    const matrix = planMatrix([{ namespace: namespace('n'), images }], {
      maxEntries: 256,
      filters: NO_FILTERS,
    });
    expect(JSON.stringify(matrix).length * 2).toBeLessThan(1_000_000);
    const bytes = matrix.include.map((entry) => entry.bytes);
    const share = bytes.reduce((sum, one) => sum + one, 0) / 256;
    expect(Math.max(...bytes)).toBeLessThan(share * 1.2);
    for (const { image } of images.filter((_, index) => index % 500 === 0))
      expect(doers(matrix, namespace('n'), image)).toBe(1);
  });

  it('balances undetermined tags beside images with a size', () => {
    const undetermined = Array.from({ length: 400 }, (_, index) =>
      work(`old-${index}`, 0, { tags: 10, unsized: 10 }),
    );
    const sized = Array.from({ length: 100 }, (_, index) => work(`new-${index}`, 1e9));
    const { include } = planMatrix([{ namespace: namespace('n'), images: [...undetermined, ...sized] }], {
      maxEntries: 10,
      filters: NO_FILTERS,
    });
    const most = Math.max(...include.map(({ tags }) => tags));
    expect(most).toBeLessThan((4100 / 10) * 1.2);
  });

  it('has no value that is too long for an environment variable', () => {
    const images = Array.from({ length: 2400 }, (_, index) =>
      work(`a-long-path-of-a-repository/that-is-tiny/image-${index}`, 1),
    );
    for (const maxEntries of [1, 4, 200]) {
      const matrix = planMatrix([{ namespace: namespace('n'), images }], { maxEntries, filters: NO_FILTERS });
      for (const entry of matrix.include) expect(Buffer.byteLength(entry.images)).toBeLessThan(32_767);
      expect(matrix.include.reduce((sum, { tags }) => sum + tags, 0)).toBe(2400);
      for (const { image } of images.filter((_, index) => index % 100 === 0))
        expect(doers(matrix, namespace('n'), image)).toBe(1);
    }
  });

  it('hands over which tags are rechecked', () => {
    const works = [{ namespace: namespace('n'), images: [work('a', 1)] }];
    const options = { maxEntries: 1, filters: NO_FILTERS };
    const turn = { day: 20_417, last: 20_410, key: '0123456789abcdef' };
    expect(planMatrix(works, { ...options, turn }).include).toMatchObject([
      { 'recheck-day': 20_417, 'recheck-last': 20_410, 'recheck-key': '0123456789abcdef' },
    ]);
  });

  it('reports filters that do not fit', () => {
    const filters = { include: [], exclude: Array.from({ length: 60 }, () => 'x'.repeat(900)) };
    const images = Array.from({ length: 20 }, (_, index) => work(`i${index}`, 1));
    expect(() => planMatrix([{ namespace: namespace('n'), images }], { maxEntries: 20, filters })).toThrow(
      /more than 900000 bytes.*shorten "include" and "exclude"/,
    );
  });
});
