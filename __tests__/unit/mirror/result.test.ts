import { describe, expect, it } from 'vitest';
import { type Drift, countAll, countDrift, describeDrift } from '../../../src/mirror/result.ts';
import { copied, failure, gone, namespaceResult } from '../../support/fixtures/results.ts';

const tags = (count: number) => [{ image: 'a', tags: Array.from({ length: count }, (_, i) => `v${i}`) }];
const drift: Drift = {
  missing: tags(1200),
  changed: tags(2),
  hollow: tags(4),
  differs: tags(3),
  removed: 1206,
};

describe('countAll', () => {
  it('adds up tags, bytes and referrers of all namespaces', () => {
    const namespaces = [
      namespaceResult({
        copied: [copied('base', { added: ['v1', 'v2'], updated: ['latest'], bytes: 100 })],
        unchanged: 4,
        referrers: 5,
        referrerBytes: 60,
      }),
      namespaceResult({ copied: [copied('etcd', { added: ['v1'], bytes: 7 })], pending: 8, gone: gone(9) }),
    ];
    expect(countAll(namespaces)).toEqual({
      added: 3,
      updated: 1,
      unchanged: 4,
      failed: 0,
      pending: 8,
      gone: 9,
      bytes: 167,
      referrers: 5,
    });
  });

  it('counts a failure without tags as one', () => {
    const failures = [failure('a', ['v1', 'v2']), failure('b', []), failure('', [])];
    expect(countAll([namespaceResult({ failures })]).failed).toBe(4);
  });
});

describe('countDrift', () => {
  it('counts tags that are missing, changed or hollow, and no others', () => {
    expect(countDrift(namespaceResult({ drift }))).toBe(1206);
  });

  it('is zero when nothing was compared', () => {
    expect(countDrift(namespaceResult())).toBe(0);
  });
});

describe('describeDrift', () => {
  it('names all kinds', () => {
    expect(describeDrift(drift)).toBe('1,200 missing, 2 changed, 4 hollow, 3 differ');
  });
});
