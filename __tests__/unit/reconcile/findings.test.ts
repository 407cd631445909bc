import { describe, expect, it } from 'vitest';
import type { RecordEntry, RecordedImages } from '../../../src/mirror/record-entry.ts';
import type { UndeterminedTag } from '../../../src/mirror/work.ts';
import type { Verdict } from '../../../src/reconcile/adopt.ts';
import type { AuditedTag, Finding } from '../../../src/reconcile/audit.ts';
import { concludeComparison, findUndetermined, sortFindings } from '../../../src/reconcile/findings.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { listing, recorded } from '../../support/fixtures/listings.ts';

function audited(tag: string, finding: Finding, entry: NonNullable<RecordEntry> = digest(1)): AuditedTag {
  return { image: 'a', tag, entry, finding };
}

function judged(tag: string, verdict: Verdict): { undetermined: UndeterminedTag; verdict: Verdict } {
  return {
    undetermined: { image: 'a', repository: 'ns/a', tag, descriptor: { digest: digest(5) } },
    verdict,
  };
}

function plain(images: RecordedImages): Record<string, Record<string, RecordEntry>> {
  return Object.fromEntries(Array.from(images, ([image, tags]) => [image, Object.fromEntries(tags)]));
}

describe('sortFindings', () => {
  it('sorts what an audit found, and gathers what failed for one reason', () => {
    const found = sortFindings([
      audited('held', 'held'),
      audited('missing', 'missing'),
      audited('changed', 'changed'),
      audited('x', { unknown: 'is down' }),
      audited('y', { unknown: 'is down' }),
    ]);
    expect(found.present).toBe(1);
    expect(plain(found.missing)).toEqual({ a: { missing: digest(1) } });
    expect(plain(found.changed)).toEqual({ a: { changed: digest(1) } });
    expect(plain(found.unknown)).toEqual({ a: { x: digest(1), y: digest(1) } });
    expect(found.failures).toEqual([{ image: 'a', tags: ['x', 'y'], reason: 'is down' }]);
  });
});

describe('needEvidence', () => {
  it('takes what is not recorded, has no digest, or is not what is there', () => {
    const source = listing({
      a: { fresh: digest(1), gcrsyncs: digest(1), known: digest(1), changed: digest(1) },
    });
    const known = recorded({ a: { gcrsyncs: null, known: digest(1), changed: digest(2), gone: digest(3) } });
    const changed = recorded({ a: { changed: digest(2) } });
    expect(findUndetermined(source, known, changed).map(({ tag }) => tag)).toEqual([
      'fresh',
      'gcrsyncs',
      'changed',
    ]);
  });
});

describe('concludeComparison', () => {
  const known = recorded({
    a: { 'gcrsyncs-lost': null, 'gcrsyncs-other': null, changed: digest(1), lost: digest(2) },
  });
  const findings = sortFindings([audited('changed', 'changed'), audited('lost', 'missing', digest(2))]);

  it('adopts what is there, reports what is not, and takes that out of the record', () => {
    const { entries, removed, drift } = concludeComparison(known, findings, [
      judged('adopted', { kind: 'present', entry: digest(5) }),
      judged('differs', { kind: 'different' }),
      judged('not-there', { kind: 'absent' }),
      judged('not-told', { kind: 'undetermined' }),
      judged('gcrsyncs-lost', { kind: 'absent' }),
      judged('gcrsyncs-other', { kind: 'different' }),
      judged('changed', { kind: 'different' }),
    ]);
    expect(plain(entries)).toEqual({ a: { adopted: digest(5) } });
    expect(plain(removed)).toEqual({
      a: { lost: digest(2), changed: digest(1), 'gcrsyncs-lost': null, 'gcrsyncs-other': null },
    });
    expect(drift).toEqual({
      missing: [{ image: 'a', tags: ['lost', 'gcrsyncs-lost'] }],
      changed: [{ image: 'a', tags: ['changed'] }],
      differs: [{ image: 'a', tags: ['differs', 'gcrsyncs-other'] }],
    });
  });

  it('records what somebody else brought, though it is not what was recorded', () => {
    const { entries, drift } = concludeComparison(known, findings, [
      judged('changed', { kind: 'present', entry: digest(5) }),
    ]);
    expect(plain(entries)).toEqual({ a: { changed: digest(5) } });
    expect(drift.changed).toEqual([{ image: 'a', tags: ['changed'] }]);
  });
});
