import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type NamespaceManifest,
  type RecordedImages,
  type UnloggedTags,
  mergeImages,
} from '../../../src/mirror/record-entry.ts';
import { applyChange, hasChanges } from '../../../src/record/manifest-change.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { flatten, images, unloggedTags } from '../../support/fixtures/recorded-images.ts';

const manifestOf = (some: RecordedImages, unlogged?: UnloggedTags): NamespaceManifest => ({
  source: 'gcr.io/ns',
  target: 'docker.io/mirror',
  images: some,
  ...(unlogged && { unlogged }),
});
const tag = (image: string, number: number): RecordedImages =>
  new Map([[image, new Map([[`v${number}`, digest(number)]])]]);

describe('applyChange', () => {
  it('merges entries as mergeImages does', () => {
    fc.assert(
      fc.property(images, images, (base, entries) => {
        const changed = applyChange(manifestOf(base), { entries });
        expect(flatten(changed.images)).toEqual(flatten(mergeImages(base, entries)));
      }),
    );
  });

  it('returns the manifest itself when it is applied again', () => {
    fc.assert(
      fc.property(images, images, unloggedTags, (base, entries, unlogged) => {
        const once = applyChange(manifestOf(base), { entries, unlogged });
        expect(applyChange(once, { entries, unlogged })).toBe(once);
      }),
    );
  });

  it('keeps the marks of tags that are not logged, and removes those of tags that are', () => {
    fc.assert(
      fc.property(unloggedTags, unloggedTags, (unlogged, logged) => {
        const marked = applyChange(manifestOf(new Map()), { entries: new Map(), unlogged });
        const left = applyChange(marked, { entries: new Map(), logged });
        for (const [image, tags] of unlogged)
          for (const [one, kind] of tags)
            expect(left.unlogged?.get(image)?.get(one)).toBe(
              logged.get(image)?.has(one) === true ? undefined : kind,
            );
      }),
    );
  });

  it('restores only entries that are still unknown', () => {
    const base = manifestOf(
      new Map([
        [
          'a',
          new Map([
            ['v1', null],
            ['v2', digest(9)],
          ]),
        ],
      ]),
    );
    const restored = new Map([
      [
        'a',
        new Map([
          ['v1', digest(1)],
          ['v2', digest(1)],
        ]),
      ],
    ]);
    expect(applyChange(base, { entries: new Map(), restored }).images).toEqual(
      new Map([
        [
          'a',
          new Map([
            ['v1', digest(1)],
            ['v2', digest(9)],
          ]),
        ],
      ]),
    );
  });
});

describe('hasChanges', () => {
  it('is false when there is nothing to change', () => {
    expect(hasChanges({ entries: new Map(), removed: new Map(), logged: new Map() })).toBe(false);
    expect(hasChanges({ entries: new Map(), logged: tag('a', 1) })).toBe(true);
  });
});
