import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordEntry } from '../../../src/mirror/record-entry.ts';
import { WorkBuilder, hasDigestTags, digestTagsFirst } from '../../../src/mirror/work.ts';
import { referrersTag } from '../../../src/oci/digest-tags.ts';
import { diff } from '../../../src/plan/diff.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { listing, recorded } from '../../support/fixtures/listings.ts';

const ALL = { platforms: 'all', referrers: false } as const;
const LIST = referrersTag(digest(7));

describe('diff', () => {
  it('distinguishes new, moved and unchanged tags, and counts removed tags as none of these', () => {
    const found = diff(
      listing({ a: { new: digest(1), moved: digest(2), same: digest(3) }, b: { v1: digest(4) } }),
      recorded({ a: { moved: digest(9), same: digest(3), gone: digest(5) }, c: { x: digest(6), y: null } }),
      ALL,
    );
    expect(found).toMatchObject({ unchanged: 1, undetermined: [] });
    expect(found.work.map(({ image, added, updated }) => ({ image, added, updated }))).toEqual([
      { image: 'a', added: ['new'], updated: [] },
      { image: 'a', added: [], updated: ['moved'] },
      { image: 'b', added: ['v1'], updated: [] },
    ]);
  });

  it('groups the tags of one digest into one piece of work', () => {
    const { work } = diff(
      listing({ a: { x: digest(1), y: digest(1), z: digest(2) } }),
      recorded({ a: { y: digest(3) } }),
      ALL,
    );
    expect(work.map(({ added, updated }) => [added, updated])).toEqual([
      [['x'], ['y']],
      [['z'], []],
    ]);
  });

  it("returns gcrsync's tags as undetermined", () => {
    const { work, undetermined, unchanged } = diff(
      listing({ a: { v1: digest(1) } }),
      recorded({ a: { v1: null } }),
      ALL,
    );
    expect(undetermined).toEqual([
      { image: 'a', repository: 'ns/a', tag: 'v1', descriptor: { digest: digest(1) } },
    ]);
    expect([work, unchanged]).toEqual([[], 0]);
  });

  it.each([
    ['a reduced index, for the platforms it has', ['linux/amd64'], ['linux/amd64'], true],
    ['a reduced index, for fewer', ['linux/amd64', 'linux/arm64'], ['linux/arm64'], true],
    ['a reduced index, for more', ['linux/amd64'], ['linux/amd64', 'linux/arm64'], false],
    ['a reduced index, for all', ['linux/amd64'], 'all', false],
    ['an image whose layers docker compressed again', undefined, 'all', true],
  ] as const)('knows whether %s is unchanged', (_, has, wanted, unchanged) => {
    const entry = { digest: digest(1), target: digest(2), ...(has && { platforms: has }) };
    const found = diff(listing({ a: { v1: digest(1) } }), recorded({ a: { v1: entry } }), {
      platforms: wanted,
      referrers: false,
    });
    expect([found.unchanged, found.work.length]).toEqual(unchanged ? [1, 0] : [0, 1]);
  });

  it('copies images again whose digest docker changed, if digests must be kept, but not referrers lists that have grown', () => {
    const entry = { digest: digest(1), target: digest(2) };
    const reduced = { ...entry, platforms: ['linux/amd64'] };
    const tags = { v1: digest(1), v2: digest(1), v3: digest(1), [LIST]: digest(1) };
    const have = recorded({ a: { v1: entry, v2: digest(1), v3: reduced, [LIST]: entry } });
    const settings = { platforms: ['linux/amd64'], referrers: true };
    const { work, unchanged } = diff(listing({ a: tags }), have, settings);
    expect(work.map(({ updated }) => updated)).toEqual([['v1']]);
    expect(unchanged).toBe(3);
  });

  it("keeps digest tags apart from an image's own tags, also for the same digest", () => {
    const { work } = diff(
      listing({ a: { v1: digest(1), [LIST]: digest(1), [`${LIST}.sig`]: digest(1), v2: digest(2) } }),
      recorded({}),
      ALL,
    );
    expect(work.map((one) => [one.added, hasDigestTags(one)])).toEqual([
      [['v1'], false],
      [[LIST, `${LIST}.sig`], true],
      [['v2'], false],
    ]);
  });

  it('starts digest tags first, and all others in their order', () => {
    const sign = (tag: string): string => `${tag}.sig`;
    const tags = { b: digest(1), [LIST]: digest(2), a: digest(3), [sign(LIST)]: digest(4), z: digest(5) };
    const { work } = diff(listing({ one: tags, two: tags }), recorded({}), ALL);
    const started = digestTagsFirst(work, (one) => one).map(({ image, added }) => `${image}:${added.join()}`);
    const order = (names: string[]): string[] =>
      ['one', 'two'].flatMap((image) => names.map((name) => `${image}:${name}`));
    expect(started).toEqual([...order([LIST, sign(LIST)]), ...order(['b', 'a', 'z'])]);
  });

  const images = fc.dictionary(
    fc.stringMatching(/^[a-z]{1,3}$/),
    fc.dictionary(fc.stringMatching(/^[a-z0-9]{1,2}$/), fc.integer({ min: 0, max: 5 }).map(digest)),
  );

  it('counts every listed tag once, and finds nothing to do after its own work', () => {
    fc.assert(
      fc.property(images, images, (source, mirror) => {
        const have = recorded(mirror);
        const { work, unchanged } = diff(listing(source), have, ALL);
        const tags = Object.values(source).reduce((sum, tags) => sum + Object.keys(tags).length, 0);
        expect(
          unchanged + work.reduce((sum, { added, updated }) => sum + added.length + updated.length, 0),
        ).toBe(tags);
        const after = new Map(Array.from(have, ([image, entries]) => [image, new Map(entries)]));
        for (const { image, descriptor, added, updated } of work) {
          const entries = after.get(image) ?? new Map<string, RecordEntry>();
          for (const tag of [...added, ...updated]) entries.set(tag, descriptor.digest);
          after.set(image, entries);
        }
        expect(diff(listing(source), after, ALL)).toMatchObject({ work: [], unchanged: tags });
      }),
    );
  });

  it('rebuilds the same work from its own result', () => {
    fc.assert(
      fc.property(images, images, (source, mirror) => {
        const { work } = diff(listing(source), recorded(mirror), ALL);
        expect(new WorkBuilder(work).build()).toEqual(work);
      }),
    );
  });
});
