import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ListEntry,
  findConflict,
  joinReferences,
  resolveEntry,
  resolveLine,
} from '../../../src/inputs/list-settings.ts';
import type { ListedImageSettings } from '../../../src/mirror/settings.ts';
import { digest } from '../../support/fixtures/digests.ts';

const NAMESPACE = { registry: 'quay.io', path: 'x' };
const TARGET = { registry: 'ghcr.io', path: 'a' };
const NONE = { inputs: {}, defaults: { targets: [TARGET] } };

const entry = (given: Partial<ListEntry> = {}): ListEntry => ({
  namespace: NAMESPACE,
  image: 'y',
  own: {},
  ...given,
});

const listed = (given: Partial<ListedImageSettings> = {}): ListedImageSettings => ({
  image: 'y',
  references: [{ tag: 'v1' }],
  names: ['{image}'],
  platforms: 'all',
  referrers: false,
  filters: { include: [], exclude: [] },
  ...given,
});

describe('resolveEntry', () => {
  it("takes the entry's own settings first, then the inputs, then the file's defaults", () => {
    const defaults = {
      inputs: { platforms: ['linux/amd64'], targetName: 'i-{image}' },
      defaults: { platforms: ['linux/arm64'], targetName: 'd-{image}', referrers: true, targets: [TARGET] },
    };
    const [one] = resolveEntry(entry({ own: { platforms: ['linux/riscv64'] } }), defaults);
    expect(one?.settings).toMatchObject({
      names: ['i-{image}'],
      platforms: ['linux/riscv64'],
      referrers: true,
    });
  });

  it('applies filters to tags that are selected, and not to exact ones', () => {
    const inputs = { include: ['y'], exclude: ['z'], semver: '>=1', latest: 3, newerThan: 5 };
    const defaults = { inputs, defaults: { ...NONE.defaults, include: ['d'] } };
    const filtersOf = (given: Partial<ListEntry>): unknown =>
      resolveEntry(entry(given), defaults)[0]?.settings.filters;
    expect(filtersOf({ references: [{ tag: 'latest' }] })).toEqual({ include: [['y'], []], exclude: ['z'] });
    expect(filtersOf({ own: { semver: '>=2' } })).toEqual({
      include: [['y'], ['d']],
      exclude: ['z'],
      semver: '>=2',
      latest: 3,
      newerThan: 5,
    });
  });

  it('is empty without a target', () => {
    expect(resolveEntry(entry(), { inputs: {}, defaults: {} })).toEqual([]);
  });
});

describe('resolveLine', () => {
  const line = { namespace: NAMESPACE, image: 'y', reference: { tag: 'v1' } };

  it('takes the digest that an entry gives for the tag', () => {
    const pinned = entry({ references: [{ tag: 'v1', digest: digest(1) }] });
    expect(resolveLine(line, [pinned], NONE)[0]?.settings.references).toEqual([
      { tag: 'v1', digest: digest(1) },
    ]);
    const other = { ...line, reference: { tag: 'v1', digest: digest(2) } };
    expect(resolveLine(other, [pinned], NONE)[0]?.settings.references).toEqual([other.reference]);
  });

  it('takes entries whose filters let the tag pass by its name', () => {
    const names = (own: ListEntry['own']): unknown =>
      resolveLine(line, [entry({ own, names: ['found'] })], NONE)[0]?.settings.names;
    expect(names({ include: ['y:v*'] })).toEqual(['found']);
    expect(names({ include: ['y:w*'] })).toEqual(['{image}']);
    expect(names({ exclude: ['y:v1'] })).toEqual(['{image}']);
    expect(names({ semver: '>=2' })).toEqual(['{image}']);
    expect(names({ semver: '>=1' })).toEqual(['found']);
  });
});

describe('joinReferences', () => {
  it('keeps each reference with its settings, once', () => {
    const settings = fc.record({
      tag: fc.constantFrom('a', 'b', 'c'),
      platforms: fc.constantFrom('all' as const, ['linux/arm64']),
      name: fc.constantFrom('{image}', 'other'),
    });
    fc.assert(
      fc.property(fc.array(settings), (all) => {
        const joined = joinReferences(
          all.map(({ tag, platforms, name }) => listed({ references: [{ tag }], platforms, names: [name] })),
        );
        const found = joined.flatMap(({ references = [], platforms, names }) =>
          references.map(({ tag }) => JSON.stringify({ tag, platforms, name: names[0] })),
        );
        expect(found.toSorted()).toEqual(
          Array.from(new Set(all.map((one) => JSON.stringify(one)))).toSorted(),
        );
      }),
    );
  });

  it('leaves entries with filters as they are', () => {
    const { references: _, ...filtered } = listed();
    expect(joinReferences([filtered, listed()])).toEqual([filtered, listed()]);
  });
});

describe('findConflict', () => {
  it('finds one tag under one name with two sets of platforms', () => {
    const arm = listed({ platforms: ['linux/arm64'] });
    expect(findConflict([listed(), arm])).toEqual({ image: 'y', reference: 'v1' });
    expect(findConflict([listed(), { ...arm, names: ['y-arm'] }])).toBeUndefined();
    expect(findConflict([listed(), { ...arm, references: [{ tag: 'v2' }] }])).toBeUndefined();
    expect(findConflict([listed(), listed()])).toBeUndefined();
  });
});
