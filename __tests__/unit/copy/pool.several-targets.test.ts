import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CopyTask } from '../../../src/copy/engine.ts';
import { MAX_PATIENCE_MS } from '../../../src/copy/patience.ts';
import { type CopyItem, type Outcome, copyAll } from '../../../src/copy/pool.ts';
import { PullLimits } from '../../../src/copy/pull-limits.ts';
import { CopyError } from '../../../src/mirror/copy-error.ts';
import type { RegistryClient } from '../../../src/oci/client.ts';
import { testRegistries } from '../../support/fixtures/clients.ts';
import { type TestLifetime, testLifetime } from '../../support/fixtures/deps.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { VirtualClock } from '../../support/github/virtual-clock.ts';

const registries = testRegistries();

/** One piece of work: what is copied, to which target, and how long that takes. */
interface Job {
  readonly what: number;
  readonly to: string;
  readonly ms: number;
  readonly from?: string;
  readonly fails?: boolean;
}

interface Run {
  /** Start and end of each job. */
  readonly times: ReadonlyMap<Job, readonly [start: number, end: number]>;
  readonly outcomes: readonly Outcome[];
  /** What was copied at the same time, at most, by target. */
  readonly most: ReadonlyMap<string, number>;
}

interface RunOptions {
  readonly width?: number;
  readonly lifetime?: TestLifetime;
  readonly source?: (registry: string) => RegistryClient;
}

async function run(jobs: readonly Job[], options: RunOptions = {}): Promise<Run> {
  const { width = 2, lifetime = testLifetime(), source = registries.source.bind(registries) } = options;
  const clock = new VirtualClock(0);
  const times = new Map<Job, readonly [number, number]>();
  const [active, most] = [new Map<string, number>(), new Map<string, number>()];
  const outcomes: Outcome[] = [];
  const byTask = new Map<string, Job>();
  const copy = async (task: CopyTask): Promise<number> => {
    const job = byTask.get(task.target.repository);
    if (!job) throw new Error('There is no such job');
    const start = clock.now();
    const now = (active.get(job.to) ?? 0) + 1;
    active.set(job.to, now);
    most.set(job.to, Math.max(now, most.get(job.to) ?? 0));
    await clock.sleep(job.ms);
    active.set(job.to, (active.get(job.to) ?? 0) - 1);
    times.set(job, [start, clock.now()]);
    if (job.fails === true) throw new CopyError('refused', { retryable: false });
    return 1;
  };
  const items = jobs.map((job, index): CopyItem => {
    byTask.set(`job-${index}`, job);
    const { what, to, from = 'gcr.io' } = job;
    const repository = `image-${what}`;
    return {
      work: {
        image: `${index}`,
        repository,
        descriptor: { digest: digest(what) },
        added: ['v1'],
        updated: [],
      },
      task: {
        source: { client: source(from), repository, digest: digest(what) },
        target: { client: registries.target(to), repository: `job-${index}` },
        tags: ['v1'],
        platforms: 'all',
        pulls: 1,
        present: false,
      },
      beforeOverwrite: async () => {},
      onDone: (outcome) => void outcomes.push(outcome),
    };
  });
  const engine = { width, copy, close: async () => {} };
  const { sleep } = clock;
  await clock.run(
    copyAll(items, {
      engine,
      retries: 0,
      lifetime,
      pullLimits: new PullLimits(),
      sleep,
      random: () => 0.5,
      logger: silentLogger,
      patience: { clock: clock.now, sleep },
    }),
  );
  return { times, outcomes, most };
}

const jobsTo = (to: string, count: number, ms: number): Job[] =>
  Array.from({ length: count }, (_, what) => ({ what, to, ms }));

const endOf = ({ times }: Run, to: string): number =>
  Math.max(...Array.from(times, ([job, [, end]]) => (job.to === to ? end : 0)));

describe('copies to several targets', () => {
  it('of one digest are started together', async () => {
    const jobs = [...jobsTo('a.example', 6, 100), ...jobsTo('b.example', 6, 300)];
    const { times } = await run(jobs);
    for (const [job, [start]] of times) {
      const other = jobs.find(({ what, to }) => what === job.what && to !== job.to);
      expect(other && times.get(other)?.[0]).toBe(start);
    }
  });

  it('are as many at a time for each target as the engine takes', async () => {
    const { most } = await run(['a', 'b'].flatMap((name) => jobsTo(`${name}.example`, 6, 100)));
    expect(Array.from(most.values())).toEqual([2, 2]);
  });

  it('do not wait for a target that is very slow', async () => {
    const result = await run([...jobsTo('fast.example', 50, 100), ...jobsTo('slow.example', 50, 60_000)]);
    // Alone, it would take 2.5 s.
    expect(endOf(result, 'fast.example')).toBeLessThan(1.5 * (2500 + MAX_PATIENCE_MS));
    expect(endOf(result, 'slow.example')).toBeGreaterThanOrEqual(25 * 60_000);
    expect(result.outcomes).toHaveLength(100);
  });

  it('do not wait for a target whose copies were stopped', async () => {
    const lifetime = testLifetime();
    const jobs = [...jobsTo('a.example', 3, 100), ...jobsTo('b.example', 3, 100)];
    setImmediate(() => lifetime.cancel());
    const { outcomes } = await run(jobs, { lifetime, width: 1 });
    expect(outcomes.length).toBeLessThan(6);
  });

  it('all end, whatever their order, duration and result, and none holds up another target for long', async () => {
    const Jobs = fc.array(
      fc.record({
        what: fc.nat(6),
        to: fc.constantFrom('a.example', 'b.example', 'c.example'),
        from: fc.constantFrom('gcr.io', 'quay.io'),
        ms: fc.oneof(fc.nat(500), fc.constant(0), fc.constant(120_000)),
        fails: fc.boolean(),
      }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(Jobs, fc.integer({ min: 1, max: 4 }), async (jobs, width) => {
        const result = await run(jobs, { width });
        expect(result.outcomes).toHaveLength(jobs.length);
        expect(Math.max(0, ...result.most.values())).toBeLessThanOrEqual(width);
        for (const to of ['a.example', 'b.example', 'c.example']) {
          const own = jobs.reduce((sum, job) => sum + (job.to === to ? job.ms : 0), 0);
          // Two other targets may each be waited for 5 s and a quarter of the time.
          expect(endOf(result, to)).toBeLessThanOrEqual((own + 2 * MAX_PATIENCE_MS + 200) / (1 - 2 / 4));
        }
      }),
      { numRuns: 200 },
    );
  });
});
