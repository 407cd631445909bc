import { describe, expect, it } from 'vitest';
import type { UndeterminedTag } from '../../../src/mirror/work.ts';
import type { Verdict } from '../../../src/reconcile/adopt.ts';
import { concludeComparison, findUndetermined } from '../../../src/reconcile/conclusion.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { listing, plainEntries, recorded } from '../../support/fixtures/listings.ts';

function judged(tag: string, verdict: Verdict): { undetermined: UndeterminedTag; verdict: Verdict } {
  return {
    undetermined: { image: 'a', repository: 'ns/a', tag, descriptor: { digest: digest(5) } },
    verdict,
  };
}

describe('findUndetermined', () => {
  it('finds tags that are not recorded, have no digest, or have another digest in the target', () => {
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
  const findings = {
    changed: recorded({ a: { changed: digest(1) } }),
    missing: recorded({ a: { lost: digest(2) } }),
    hollow: recorded({}),
  };

  it('records tags that are present, and reports and removes those that are not', () => {
    const { entries, removed, drift } = concludeComparison(known, findings, [
      judged('adopted', { kind: 'present', entry: digest(5) }),
      judged('differs', { kind: 'different' }),
      judged('not-there', { kind: 'absent' }),
      judged('not-told', { kind: 'undetermined' }),
      judged('gcrsyncs-lost', { kind: 'absent' }),
      judged('gcrsyncs-other', { kind: 'different' }),
      judged('changed', { kind: 'different' }),
    ]);
    expect(plainEntries(entries)).toEqual({ a: { adopted: digest(5) } });
    expect(plainEntries(removed)).toEqual({
      a: { lost: digest(2), changed: digest(1), 'gcrsyncs-lost': null, 'gcrsyncs-other': null },
    });
    expect(drift).toEqual({
      missing: [{ image: 'a', tags: ['lost', 'gcrsyncs-lost'] }],
      changed: [{ image: 'a', tags: ['changed'] }],
      hollow: [],
      differs: [{ image: 'a', tags: ['differs', 'gcrsyncs-other'] }],
    });
  });

  it("records the source's image under a changed tag", () => {
    const { entries, drift } = concludeComparison(known, findings, [
      judged('changed', { kind: 'present', entry: digest(5) }),
    ]);
    expect(plainEntries(entries)).toEqual({ a: { changed: digest(5) } });
    expect(drift.changed).toEqual([{ image: 'a', tags: ['changed'] }]);
  });

  it.each<
    [
      recorded: 'digest' | 'null' | 'nothing',
      finding: 'missing' | 'changed' | 'hollow' | 'none',
      verdict: Verdict['kind'],
      expected: string,
    ]
  >([
    ['digest', 'missing', 'undetermined', 'removed, reported as missing'],
    ['digest', 'changed', 'present', 'recorded, removed, reported as changed'],
    ['digest', 'changed', 'different', 'removed, reported as changed'],
    ['digest', 'changed', 'absent', 'removed, reported as changed'],
    ['digest', 'changed', 'undetermined', 'removed, reported as changed'],
    ['digest', 'changed', 'hollow', 'removed, reported as changed'],
    ['digest', 'hollow', 'undetermined', 'removed, reported as hollow'],
    ['digest', 'none', 'present', ''],
    ['null', 'none', 'present', 'recorded'],
    ['null', 'none', 'different', 'removed, reported as differs'],
    ['null', 'none', 'absent', 'removed, reported as missing'],
    ['null', 'none', 'undetermined', ''],
    ['null', 'none', 'hollow', 'removed, reported as hollow'],
    ['nothing', 'none', 'hollow', 'reported as hollow'],
    ['nothing', 'none', 'present', 'recorded'],
    ['nothing', 'none', 'different', 'reported as differs'],
    ['nothing', 'none', 'absent', ''],
    ['nothing', 'none', 'undetermined', ''],
  ])('recorded: %s, finding: %s, verdict: %s → %s', (entry, finding, kind, expected) => {
    const entries = { digest: { a: { tag: digest(1) } }, null: { a: { tag: null } }, nothing: {} };
    const none = recorded({});
    const found = recorded({ a: { tag: digest(1) } });
    const {
      entries: added,
      removed,
      drift,
    } = concludeComparison(
      recorded(entries[entry]),
      {
        missing: finding === 'missing' ? found : none,
        changed: finding === 'changed' ? found : none,
        hollow: finding === 'hollow' ? found : none,
      },
      [judged('tag', kind === 'present' ? { kind, entry: digest(5) } : { kind })],
    );
    const lists = (['missing', 'changed', 'hollow', 'differs'] as const).filter(
      (list) => drift[list].length > 0,
    );
    const outcome = [
      ...(added.size > 0 ? ['recorded'] : []),
      ...(removed.size > 0 ? ['removed'] : []),
      ...lists.map((list) => `reported as ${list}`),
    ];
    expect(outcome.join(', ')).toBe(expected);
  });
});
