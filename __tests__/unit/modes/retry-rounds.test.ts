import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/copy/pool.ts';
import type { Lifetime } from '../../../src/mirror/lifetime.ts';
import type { Work } from '../../../src/mirror/work.ts';
import { withRetryRounds } from '../../../src/modes/retry-rounds.ts';
import { sync } from '../../../src/modes/sync.ts';
import type { Sleep } from '../../../src/oci/sleep.ts';
import type { NamespacePlan } from '../../../src/plan/namespace-plan.ts';
import { countAll } from '../../../src/mirror/result.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { inModeWorld } from '../../support/fixtures/mode-world.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { refuse } from '../../support/registries/memory-registry.ts';

const work = (image: string, added: string[] = ['v1'], updated: string[] = []): Work => ({
  image,
  repository: `ns/${image}`,
  descriptor: { digest: digest(1) },
  added,
  updated,
});
const outcomeOf = (one: Work, more: Partial<Outcome> = {}): Outcome => ({
  work: one,
  verifiedTags: new Map(),
  bytes: 10,
  referrers: 1,
  ...more,
});
const passing = { error: 'status 503', mayPass: true };
const verified = (...tags: string[]): Pick<Outcome, 'verifiedTags'> => ({
  verifiedTags: new Map(tags.map((tag) => [tag, { digest: digest(1) }])),
});

interface Result {
  readonly noted: Outcome[];
  readonly rounds: (readonly Work[])[];
  readonly pauses: number[];
}

/** @param answers the outcomes of each round, the first included */
async function run(
  answers: readonly ((work: Work) => Outcome)[],
  works: readonly Work[],
  { retries = 5, drainAfter = Infinity }: { retries?: number; drainAfter?: number } = {},
): Promise<Result> {
  const plan: NamespacePlan = namespacePlan();
  const [noted, rounds, pauses]: [Outcome[], (readonly Work[])[], number[]] = [[], [], []];
  const drain = new AbortController();
  const { signal: never } = new AbortController();
  const lifetime: Lifetime = {
    drain: drain.signal,
    abort: never,
    cutoff: never,
    timeLeftMs: () => 3_600_000,
    stopReason: () => undefined,
  };
  const copyAll = (all: readonly Work[], onDone: (outcome: Outcome) => void): void => {
    const answer = answers[rounds.length];
    rounds.push(all);
    for (const one of all) if (answer) onDone(answer(one));
    if (rounds.length >= drainAfter) drain.abort();
  };
  await withRetryRounds(
    works.map((one) => ({ plan, work: one })),
    {
      retries,
      note: (_, outcome) => void noted.push(outcome),
      copy: async (all, onDone) =>
        copyAll(
          all.map((one) => one.work),
          (outcome) => onDone(plan, outcome),
        ),
    },
    { lifetime, logger: silentLogger, sleep: async (ms) => void pauses.push(ms) },
  );
  return { noted, rounds, pauses };
}

describe('withRetryRounds', () => {
  it('copies again, after a pause, what failed with an error that may pass', async () => {
    const [a, b, c] = [work('a'), work('b'), work('c')];
    const first = (one: Work): Outcome =>
      one === a ? outcomeOf(a, verified('v1')) : outcomeOf(one, one === b ? passing : { error: 'denied' });
    const { noted, rounds, pauses } = await run([first, (one) => outcomeOf(one, verified('v1'))], [a, b, c]);
    expect(rounds.slice(1)).toEqual([[b]]);
    expect(pauses).toEqual([5000]);
    expect(noted.map(({ work: { image }, error }) => [image, error])).toEqual([
      ['a', undefined],
      ['c', 'denied'],
      ['b', undefined],
    ]);
    // What the first attempt has sent counts.
    expect(noted.at(-1)).toMatchObject({ bytes: 20, referrers: 2 });
  });

  it('notes only the last failure, after two more rounds', async () => {
    const a = work('a');
    const answers = ['first', 'second', 'third'].map(
      (error) => (): Outcome => outcomeOf(a, { error, mayPass: true }),
    );
    const { noted, rounds, pauses } = await run(answers, [a]);
    expect([rounds.length, pauses]).toEqual([3, [5000, 20_000]]);
    expect(noted.map(({ error }) => error)).toEqual(['third']);
  });

  it('notes verified tags at once, and copies only the others again', async () => {
    const a = work('a', ['v1', 'v2'], ['latest']);
    const { noted, rounds } = await run(
      [
        () => outcomeOf(a, { ...passing, ...verified('v1') }),
        (one) => outcomeOf(one, verified('v2', 'latest')),
      ],
      [a],
    );
    expect(rounds[1]).toMatchObject([{ added: ['v2'], updated: ['latest'] }]);
    expect(noted.map(({ work: { added, updated } }) => [...added, ...updated])).toEqual([
      ['v1'],
      ['v2', 'latest'],
    ]);
    expect(noted.every(({ error }) => error === undefined)).toBe(true);
    expect(noted.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(20);
  });

  it('copies nothing again without retries or time, and notes the failures', async () => {
    const a = work('a');
    const answers = [(): Outcome => outcomeOf(a, passing)];
    for (const options of [{ retries: 0 }, { drainAfter: 1 }]) {
      const { noted, rounds } = await run(answers, [a], options);
      expect([rounds.length, noted.map(({ error }) => error)]).toEqual([1, ['status 503']]);
    }
  });

  it('notes the failure of work that was not started again', async () => {
    const a = work('a');
    const { noted } = await run([() => outcomeOf(a, passing)], [a]);
    expect(noted.map(({ error }) => error)).toEqual(['status 503']);
  });

  it('lets a run survive an outage that is longer than the retries', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      await world.push('b:v1', world.source);
      let isDown = true;
      world.target.intercept = ({ url = '' }, response) => {
        if (!isDown || !url.startsWith('/v2/mirror/a/')) return false;
        refuse(response, 503, 'UNAVAILABLE', 'down');
        return true;
      };
      const sleep: Sleep = async (ms, signal) => {
        isDown &&= ms !== 5000;
        if (ms !== 5000) await world.deps.sleep(ms, signal);
      };
      const result = await sync(world.inputs(), { ...world.deps, sleep });
      expect(countAll(result.namespaces)).toMatchObject({ added: 2, failed: 0, pending: 0 });
      expect(Object.keys(world.record())).toEqual(['a', 'b']);
    });
  });
});
