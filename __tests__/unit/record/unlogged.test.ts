import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UnloggedTags } from '../../../src/mirror/record-entry.ts';
import {
  earlierTags,
  filterUnlogged,
  joinTags,
  markUnlogged,
  namedTags,
  unloggedOf,
  unmarkUnlogged,
} from '../../../src/record/unlogged.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { recorded } from '../../support/fixtures/listings.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';
import { unloggedTags } from '../../support/fixtures/recorded-images.ts';

type Kinds = Map<string, string>;

/** The kinds by `image:tag`. */
function flatten(some: UnloggedTags | undefined): Kinds {
  return new Map(
    Array.from(some ?? []).flatMap(([image, tags]) =>
      Array.from(tags, ([tag, kind]) => [`${image}:${tag}`, kind] as const),
    ),
  );
}

describe('markUnlogged', () => {
  it('adds marks, and leaves those that are there as they are', () => {
    fc.assert(
      fc.property(unloggedTags, unloggedTags, (base, more) => {
        const marked = markUnlogged(base, more);
        expect(flatten(marked)).toEqual(new Map([...flatten(more), ...flatten(base)]));
        expect(markUnlogged(marked, more)).toBe(marked);
        expect(markUnlogged(base, undefined)).toBe(base);
      }),
    );
  });
});

describe('unmarkUnlogged', () => {
  it('removes the marks of logged tags, and no others', () => {
    fc.assert(
      fc.property(unloggedTags, unloggedTags, (base, logged) => {
        const left = unmarkUnlogged(base, logged);
        const names = flatten(logged);
        expect(flatten(left)).toEqual(
          new Map(Array.from(flatten(base)).filter(([name]) => !names.has(name))),
        );
        expect(unmarkUnlogged(left, logged)).toBe(left);
        expect(Array.from(left?.values() ?? []).every(({ size }) => size > 0)).toBe(true);
      }),
    );
  });

  it('removes all marks that were made', () => {
    fc.assert(
      fc.property(unloggedTags, (marks) => {
        expect(flatten(unmarkUnlogged(markUnlogged(undefined, marks), marks))).toEqual(new Map());
      }),
    );
  });
});

describe('namedTags', () => {
  it('says the same as the marks that it was made of, sorted', () => {
    fc.assert(
      fc.property(unloggedTags, (marks) => {
        const named = namedTags(marks);
        expect(flatten(unloggedOf(named))).toEqual(flatten(marks));
        const names = named.map(({ image }) => image);
        expect(names).toEqual(names.toSorted());
        for (const { added, updated } of named)
          expect([added, updated]).toEqual([added.toSorted(), updated.toSorted()]);
      }),
    );
  });
});

describe('joinTags', () => {
  it('has the tags of both', () => {
    fc.assert(
      fc.property(unloggedTags, unloggedTags, (some, others) => {
        const joined = joinTags(some, others);
        const has = (image: string, tag: string): boolean => joined.get(image)?.has(tag) === true;
        expect(filterUnlogged(some, has)).toEqual(filterUnlogged(some, () => true));
        expect(flatten(filterUnlogged(others, has))).toEqual(flatten(others));
        const all = new Set([...flatten(some).keys(), ...flatten(others).keys()]);
        expect(Array.from(joined.values()).reduce((sum, { size }) => sum + size, 0)).toBe(all.size);
      }),
    );
  });
});

describe('earlierTags', () => {
  it('are those whose digest is recorded, adopted, or that this run copied', () => {
    const tags = ['recorded', 'unknown', 'adopted', 'copied', 'gone'];
    const plan = namespacePlan({
      unlogged: new Map([['a', new Map(tags.map((tag) => [tag, 'added' as const]))]]),
      recorded: {
        source: 'gcr.io/ns',
        target: 'docker.io/mirror',
        images: recorded({ a: { recorded: digest(1), unknown: null, adopted: null, copied: null } }),
      },
      adopted: recorded({ a: { adopted: digest(2) } }),
    });
    const own = unloggedOf([{ image: 'a', added: [], updated: ['copied'] }]);
    expect(Array.from(earlierTags(plan, own).get('a')?.keys() ?? [])).toEqual([
      'recorded',
      'adopted',
      'copied',
    ]);
  });
});
