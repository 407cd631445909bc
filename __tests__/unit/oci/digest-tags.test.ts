import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cosignTags,
  digestTagSubject,
  isReferrersTag,
  referrersTag,
  referrersTagSubject,
} from '../../../src/oci/digest-tags.ts';
import { isTag } from '../../../src/oci/names.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { digests } from '../../support/fixtures/recorded-images.ts';

describe('digest tags', () => {
  it('name the digest that they were made of', () => {
    fc.assert(
      fc.property(digests, (subject) => {
        const tags = [...cosignTags(subject), referrersTag(subject)];
        expect(new Set(tags).size).toBe(4);
        for (const tag of tags) {
          expect(isTag(tag)).toBe(true);
          expect(digestTagSubject(tag)).toBe(subject);
        }
      }),
    );
  });

  it('are lists of referrers only without a suffix', () => {
    fc.assert(
      fc.property(digests, (subject) => {
        expect(referrersTagSubject(referrersTag(subject))).toBe(subject);
        expect(cosignTags(subject).filter(isReferrersTag)).toEqual([]);
      }),
    );
  });

  it.each([
    'v1',
    'sha256-',
    `${cosignTags(digest(1))[0]}.sig`,
    `sha512-${'ab'.repeat(64)}.sig`,
    `x${referrersTag(digest(1))}`,
  ])('are not such as %s', (tag) => {
    expect(digestTagSubject(tag)).toBeUndefined();
  });
});

describe('referrersTag', () => {
  it('contains the digest, cut to the length of a tag', () => {
    expect(referrersTag(digest(7))).toBe(`sha256-${digest(7).slice(7)}`);
    expect(referrersTag(`sha512:${'ab'.repeat(64)}`)).toBe(`sha512-${'ab'.repeat(32)}`);
    expect(referrersTagSubject(referrersTag(digest(7)))).toBe(digest(7));
  });

  it.each(['v1', 'sha256-', `${referrersTag(digest(1))}.sig`, `sha512-${'ab'.repeat(32)}`, digest(1)])(
    'is not %s',
    (tag) => {
      expect(referrersTagSubject(tag)).toBeUndefined();
    },
  );
});
