import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/copy/pool.ts';
import type { Work } from '../../../src/mirror/work.ts';
import type { NamespacePlan } from '../../../src/plan/namespace-plan.ts';
import { dryRunResult, resultOf } from '../../../src/report/result-of.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';

const work = (number: number, added: readonly string[] = []): Work => ({
  image: 'a',
  repository: 'ns/a',
  descriptor: { digest: digest(number) },
  added,
  updated: [],
});

function planOf(works: readonly Work[], rechecks: readonly Work[]): NamespacePlan {
  const plan = namespacePlan({ work: works, referrers: { rechecks, listed: new Map() }, unchanged: 7 });
  return { ...plan, settings: { ...plan.settings, referrers: true } };
}

const done = (of: Work, given: Partial<Outcome> = {}): Outcome => ({
  work: of,
  verifiedTags: new Map(),
  bytes: 0,
  ...given,
});

describe('the result of a run that copied referrers', () => {
  it('counts them, with separate bytes for images that were mirrored before', () => {
    const added = work(1, ['v1']);
    const [second, third] = [work(2), work(3)];
    const verifiedTags = new Map([['v1', { digest: digest(1) }]]);
    const outcomes = [
      done(added, { verifiedTags, bytes: 100, referrers: 2 }),
      done(second, { bytes: 30, referrers: 1 }),
      done(third, { referrers: 0 }),
    ];
    const result = resultOf(planOf([added], [second, third]), outcomes);
    expect(result).toMatchObject({
      referrers: 3,
      referrerBytes: 30,
      referrersUnchecked: 0,
      pending: 0,
      unchanged: 7,
    });
    expect(result.copied).toMatchObject([{ image: 'a', added: ['v1'], bytes: 100 }]);
  });

  it('counts images whose check was not started or not finished', () => {
    const [first, second, third] = [work(1), work(2), work(3)];
    // The last one is not a recheck: all tags of the work moved.
    const outcomes = [
      done(first),
      done(second, { isPending: true, referrers: 1 }),
      done(work(4), { bytes: 5 }),
    ];
    expect(resultOf(planOf([], [first, second, third]), outcomes)).toMatchObject({
      referrerBytes: 0,
      referrers: 1,
      referrersUnchecked: 2,
      pending: 0,
    });
  });

  it('has a failure that names the digest, and no pending tag', () => {
    const recheck = work(1);
    const result = resultOf(planOf([], [recheck]), [done(recheck, { error: 'status 403' })]);
    const reason = `the referrers of ${digest(1)} were not mirrored: status 403`;
    expect(result.failures).toEqual([{ image: 'a', tags: [], reason }]);
    expect(result).toMatchObject({ pending: 0, referrersUnchecked: 0 });
  });

  it('counts no referrers in a dry run', () => {
    const result = dryRunResult(planOf([work(1, ['v1'])], [work(2)]), 'registry');
    expect(result).toMatchObject({ referrers: 0, referrersUnchecked: 0, pulls: { count: 1, exact: false } });
  });
});
