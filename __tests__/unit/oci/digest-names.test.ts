import { describe, expect, it } from 'vitest';
import { DigestNames } from '../../../src/oci/digest-names.ts';
import { digest } from '../../support/fixtures/digests.ts';

describe('DigestNames', () => {
  it('returns the last tag that was noted for a digest of a repository', () => {
    const names = new DigestNames();
    names.note('a', digest(1), 'v1');
    names.note('a', digest(1), 'latest');
    expect(names.tagOf('a', digest(1))).toBe('latest');
    expect(names.tagOf('b', digest(1))).toBeUndefined();
    expect(names.tagOf('a', digest(2))).toBeUndefined();
  });

  it('notes 50,000 digests at most', () => {
    const names = new DigestNames();
    for (let number = 0; number <= 50_000; number += 1) names.note('a', digest(number), 'v1');
    expect(names.tagOf('a', digest(49_999))).toBe('v1');
    expect(names.tagOf('a', digest(50_000))).toBeUndefined();
  });
});
