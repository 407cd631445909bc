import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NamespaceResult } from '../../../../src/mirror/result.ts';
import { countAll } from '../../../../src/mirror/result.ts';
import type { RunResult } from '../../../../src/report/result.ts';
import { renderBar, renderHeadline } from '../../../../src/report/summary/totals.ts';
import { copied, failure, gone, namespaceResult, runResult } from '../../../support/fixtures/results.ts';

const COUNTS = countAll([]);
const added = (...tags: string[]) => ({ copied: [copied('base', { added: tags })] });

function headline(given: Partial<NamespaceResult>, run: Partial<RunResult> = {}): string {
  return renderHeadline(runResult({ namespaces: [namespaceResult(given)], ...run }));
}

describe('renderHeadline', () => {
  it.each<[string, Partial<NamespaceResult>, Partial<RunResult>]>([
    ['✅ Nothing to mirror: 1,461 tags up to date', { unchanged: 1461 }, {}],
    ['✅ 2 tags added', added('v1', 'v2'), {}],
    ['✅ 1 tag updated', { copied: [copied('a', { updated: ['v1'] })], gone: gone(3) }, {}],
    ['✅ 4 tags adopted, 1 referrer copied', { adopted: 4, referrers: 1 }, {}],
    ['⏳ 3 tags left to the next run, 1 tag added', { ...added('v1'), pending: 3 }, {}],
    ['❌ 1 tag failed, 1 tag added', { ...added('v1'), failures: [failure('a', ['v1'])] }, {}],
    ['❌ 1 error, 1 tag added', added('v1'), { errors: ['no changelog'] }],
    ['🔍 Dry run: 1 tag would be added', added('v1'), { dryRun: true }],
    ['🔍 Dry run: nothing to mirror', { unchanged: 3 }, { dryRun: true }],
    ['❌ Dry run: 1 failure', { failures: [failure('', [])] }, { dryRun: true }],
    ['📋 Plan: nothing to mirror', {}, { mode: 'plan', matrix: { include: [] } }],
    ['✅ Compared: the target matches the record', { unchanged: 3 }, { mode: 'compare' }],
    [
      '❌ Compared: 1 tag missing, 2 tags changed, 1 unrecorded tag different',
      {
        drift: {
          missing: [{ image: 'a', tags: ['v1'] }],
          changed: [{ image: 'b', tags: ['v1', 'v2'] }],
          hollow: [],
          differs: [{ image: 'c', tags: ['v1'] }],
          removed: 3,
        },
      },
      { mode: 'compare' },
    ],
    ['📊 98.5 % mirrored: 1,461 of 1,482 tags', { unchanged: 1461, pending: 21 }, { mode: 'monitor' }],
    ['📊 100 % mirrored: 0 of 0 tags', {}, { mode: 'monitor' }],
    ['📊 99.9 % mirrored: 99,999 of 100,000 tags', { unchanged: 99_999, pending: 1 }, { mode: 'monitor' }],
  ])('is %j', (text, given, run) => {
    expect(headline(given, run)).toBe(text);
  });
});

describe('renderBar', () => {
  it('shows each kind in proportion', () => {
    expect(renderBar({ ...COUNTS, added: 10, unchanged: 20 })).toBe('🟩'.repeat(10) + '⬜'.repeat(20));
  });

  it('shows even a small kind', () => {
    expect(renderBar({ ...COUNTS, added: 1, unchanged: 129_377, failed: 1 })).toBe(`🟩${'⬜'.repeat(28)}🟥`);
  });

  it('is empty without tags', () => {
    expect(renderBar(COUNTS)).toBe('');
  });

  it('always has 30 squares, and one of each kind at least', () => {
    const counts = fc.record({
      added: fc.nat(),
      updated: fc.nat(5),
      unchanged: fc.nat(),
      pending: fc.nat(100),
      failed: fc.nat(5),
    });
    fc.assert(
      fc.property(counts, (some) => {
        fc.pre(Object.values(some).some((count) => count > 0));
        const squares = Array.from(renderBar({ ...COUNTS, ...some }));
        expect(squares).toHaveLength(30);
        expect(new Set(squares).size).toBe(Object.values(some).filter((count) => count > 0).length);
      }),
    );
  });
});
