import { describe, expect, it } from 'vitest';
import type { RecordEntry } from '../../../src/mirror/record-entry.ts';
import type { AuditedTag, Finding } from '../../../src/reconcile/audit.ts';
import { groupFindings } from '../../../src/reconcile/findings.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { plainEntries } from '../../support/fixtures/listings.ts';

function audited(tag: string, finding: Finding, entry: NonNullable<RecordEntry> = digest(1)): AuditedTag {
  return { image: 'a', tag, entry, finding };
}

describe('groupFindings', () => {
  it('groups the findings of an audit, and failures by their reason', () => {
    const found = groupFindings([
      audited('held', { kind: 'present', digest: digest(1) }),
      audited('missing', { kind: 'missing' }),
      audited('changed', { kind: 'changed' }),
      audited('later', { kind: 'unjudged' }),
      audited('x', { kind: 'unknown', reason: 'is down' }),
      audited('y', { kind: 'unknown', reason: 'is down' }),
    ]);
    expect(found.present).toEqual([{ image: 'a', tag: 'held', digest: digest(1) }]);
    expect(plainEntries(found.missing)).toEqual({ a: { missing: digest(1) } });
    expect(plainEntries(found.changed)).toEqual({ a: { changed: digest(1) } });
    expect(plainEntries(found.unjudged)).toEqual({ a: { later: digest(1) } });
    expect(plainEntries(found.unknown)).toEqual({ a: { x: digest(1), y: digest(1) } });
    expect(found.failures).toEqual([{ image: 'a', tags: ['x', 'y'], reason: 'is down' }]);
  });
});
