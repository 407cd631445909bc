import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Work, WorkBuilder, digestTagsFirst, hasDigestTags } from '../../../src/mirror/work.ts';
import { cosignTags } from '../../../src/oci/digest-tags.ts';
import { digest } from '../../support/fixtures/digests.ts';

interface AddedTag {
  readonly image: string;
  readonly number: number;
  readonly kind: 'added' | 'updated';
  readonly tag: string;
}

const added: fc.Arbitrary<AddedTag> = fc.record({
  image: fc.constantFrom('a', 'b', 'constructor'),
  number: fc.integer({ min: 1, max: 3 }),
  kind: fc.constantFrom('added', 'updated'),
  tag: fc.constantFrom('v1', 'v2', '__proto__', ...cosignTags(digest(9))),
});
const tags = fc.uniqueArray(added, { selector: ({ image, tag }) => `${image}:${tag}`, maxLength: 20 });

function buildFrom(all: readonly AddedTag[]): Work[] {
  const builder = new WorkBuilder();
  for (const { image, number, kind, tag } of all)
    builder.add({ image, repository: `ns/${image}`, descriptor: { digest: digest(number) } }, kind, tag);
  return builder.build();
}

const namesIn = (works: readonly Work[]): string[] =>
  works.flatMap(({ image, descriptor, ...work }) => [
    ...work.added.map((tag) => `added ${image}:${tag}@${descriptor.digest}`),
    ...work.updated.map((tag) => `updated ${image}:${tag}@${descriptor.digest}`),
  ]);

describe('WorkBuilder', () => {
  it('keeps every tag, with one piece of work for each digest of an image and kind of tag', () => {
    fc.assert(
      fc.property(tags, (all) => {
        const works = buildFrom(all);
        expect(namesIn(works).toSorted()).toEqual(
          all.map(({ image, number, kind, tag }) => `${kind} ${image}:${tag}@${digest(number)}`).toSorted(),
        );
        const keys = works.map((work) => `${work.image} ${work.descriptor.digest} ${hasDigestTags(work)}`);
        expect(new Set(keys).size).toBe(keys.length);
        for (const work of works) {
          const isDigestTag = [...work.added, ...work.updated].map((tag) => tag.startsWith('sha256-'));
          expect(new Set(isDigestTag).size).toBe(1);
        }
      }),
    );
  });

  it('continues from the work that it is given, and does not change it', () => {
    fc.assert(
      fc.property(tags, (all) => {
        const works = buildFrom(all);
        const before = namesIn(works);
        const builder = new WorkBuilder(works);
        expect(builder.build()).toEqual(works);
        for (const work of works) builder.add(work, 'added', 'another');
        expect(namesIn(works)).toEqual(before);
      }),
    );
  });
});

describe('digestTagsFirst', () => {
  it('starts all signatures before all images, and changes no other order', () => {
    fc.assert(
      fc.property(tags, (all) => {
        const works = buildFrom(all);
        expect(digestTagsFirst(works, (one) => one)).toEqual([
          ...works.filter(hasDigestTags),
          ...works.filter((work) => !hasDigestTags(work)),
        ]);
      }),
    );
  });
});
