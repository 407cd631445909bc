import { describe, expect, it } from 'vitest';
import { recordedDigest } from '../../../src/select/known-digest.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { recorded } from '../../support/fixtures/listings.ts';

const RECORD = recorded({
  a: {
    same: digest(1),
    docker: { digest: digest(2), target: digest(3) },
    reduced: { digest: digest(4), target: digest(5), platforms: ['linux/amd64'] },
    unknown: null,
  },
});
const SETTINGS = { platforms: 'all', referrers: false } as const;

describe('recordedDigest', () => {
  it('returns the recorded source digest of tags that are mirrored as wanted', () => {
    const known = recordedDigest(RECORD, SETTINGS, () => false);
    expect(['same', 'docker', 'reduced', 'unknown', 'new'].map((tag) => known('a', tag))).toEqual([
      digest(1),
      digest(2),
      undefined,
      undefined,
      undefined,
    ]);
    expect(known('b', 'same')).toBeUndefined();
  });

  it('returns nothing for tags that are due to be rechecked', () => {
    const known = recordedDigest(RECORD, SETTINGS, (image, tag) => image === 'a' && tag === 'same');
    expect([known('a', 'same'), known('a', 'docker')]).toEqual([undefined, digest(2)]);
  });

  it('depends on the platforms, and on whether digests must be kept', () => {
    const reduced = recordedDigest(RECORD, { ...SETTINGS, platforms: ['linux/amd64'] }, () => false);
    expect(reduced('a', 'reduced')).toBe(digest(4));
    const kept = recordedDigest(RECORD, { ...SETTINGS, referrers: true }, () => false);
    expect([kept('a', 'same'), kept('a', 'docker')]).toEqual([digest(1), undefined]);
  });

  it('assumes a digest only where it is recorded under all names of the image', () => {
    const record = recorded({
      a: { both: digest(1), one: digest(1), moved: digest(1) },
      'a as b': { both: digest(1), moved: digest(2) },
    });
    const known = recordedDigest(
      record,
      SETTINGS,
      () => false,
      () => ['a', 'a as b'],
    );
    expect(['both', 'one', 'moved'].map((tag) => known('a', tag))).toEqual([digest(1), undefined, undefined]);
    const only = recordedDigest(
      record,
      SETTINGS,
      () => false,
      () => ['a as b'],
    );
    expect(only('a', 'moved')).toBe(digest(2));
  });
});
