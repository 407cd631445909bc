import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/copy/engine.ts';
import type { Outcome } from '../../../src/copy/pool.ts';
import type { Work } from '../../../src/mirror/work.ts';
import { type Copied, copyAndCheckpoint, openEngineDuring } from '../../../src/modes/copying.ts';
import type { NamespacePlan } from '../../../src/plan/namespace-plan.ts';
import type { RunRecorder } from '../../../src/record/recorder.ts';
import { type TestDeps, testDeps } from '../../support/fixtures/deps.ts';
import { type TestImage, makeImage, pushImage } from '../../support/fixtures/images.ts';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';
import { repeatedReads } from '../../support/fixtures/several-targets.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';

const IMAGE = makeImage({ seed: 'copying', layers: [2 * 1024 ** 2, 3000] });

let source: MemoryRegistry;
let targets: MemoryRegistry[];

beforeEach(async () => {
  source = await startMemoryRegistry();
  targets = await Promise.all([1, 2, 3].map(async () => startMemoryRegistry()));
  await pushImage(source.url, 'ns/a', ['v1'], IMAGE);
  source.requests.length = 0;
});
afterEach(async () => {
  await Promise.all([source, ...targets].map(async (server) => server.close()));
});

const workOf = (image: string, { digest }: Pick<TestImage, 'digest'>, added: readonly string[]): Work => ({
  image,
  repository: `ns/${image}`,
  descriptor: { digest },
  added,
  updated: [],
});

/** A plan for each target, with the same work. */
function plansFor(work: readonly Work[]): NamespacePlan[] {
  const namespace = { registry: source.host, path: 'ns' };
  const { settings } = namespacePlan();
  return targets.map(({ host }) =>
    namespacePlan({
      settings: { ...settings, namespace, target: { registry: host, path: 'mirror' } },
      work,
    }),
  );
}

interface Run {
  readonly noted: ReadonlyMap<NamespacePlan, readonly Outcome[]>;
  readonly copied: Copied;
}

async function run(plans: readonly NamespacePlan[], deps: TestDeps = testDeps()): Promise<Run> {
  const noted = new Map<NamespacePlan, Outcome[]>();
  const recorder: RunRecorder = {
    beforeOverwrite: async () => {},
    note: (plan, outcome) => void noted.set(plan, [...(noted.get(plan) ?? []), outcome]),
    results: () => [],
    save: async () => ({ errors: [], files: 0 }),
    finish: async () => ({ errors: [], unrecorded: [] }),
  };
  const inputs = parseTestInputs({ engine: 'registry', retries: '1' });
  const engine = await openEngineDuring(async () => {}, plans, deps);
  const copied = await copyAndCheckpoint(plans, engine, recorder, inputs, deps);
  await copied.close();
  return { noted, copied };
}

describe('plans of one namespace for several targets', () => {
  it('are copied with one read of the source, and each has its own outcomes', async () => {
    const plans = plansFor([workOf('a', IMAGE, ['v1'])]);
    const { noted, copied } = await run(plans);
    expect(copied).toMatchObject({ errors: [], stopped: [] });
    for (const [index, plan] of plans.entries()) {
      expect(noted.get(plan)?.map(({ verifiedTags }) => Array.from(verifiedTags.keys()))).toEqual([['v1']]);
      expect(targets[index]?.store.manifest('mirror/a', 'v1')?.digest).toBe(IMAGE.digest);
    }
    expect(repeatedReads(source)).toEqual([]);
  });

  it('look up a moved tag once, and copy what it names now', async () => {
    const plans = plansFor([workOf('a', makeImage({ seed: 'gone' }), ['v1'])]);
    const { noted } = await run(plans);
    for (const plan of plans) {
      const verified = noted.get(plan)?.flatMap(({ verifiedTags }) => Array.from(verifiedTags.values()));
      expect(verified).toEqual([{ digest: IMAGE.digest }]);
    }
    expect(source.requests.filter(({ method }) => method === 'HEAD')).toHaveLength(1);
    expect(repeatedReads(source)).toEqual([]);
  });

  it('are copied again together when the source was down', async () => {
    let isDown = true;
    source.intercept = (_, response) => {
      if (isDown) response.writeHead(503).end();
      return isDown;
    };
    const deps = testDeps();
    const sleep: TestDeps['sleep'] = async (ms, signal) => {
      if (ms === 5000) {
        isDown = false;
        source.requests.length = 0;
      }
      await deps.sleep(ms, signal);
    };
    const plans = plansFor([workOf('a', IMAGE, ['v1'])]);
    const { noted } = await run(plans, { ...deps, sleep });
    for (const plan of plans) expect(noted.get(plan)).toMatchObject([{ bytes: expect.any(Number) }]);
    expect(Array.from(noted.values()).flatMap((done) => done.flatMap(({ error }) => error ?? []))).toEqual(
      [],
    );
    expect(repeatedReads(source)).toEqual([]);
  });
});

it('says so when there is nothing to copy, and opens no engine', async () => {
  const openEngine = async (): Promise<never> => {
    throw new Error('An engine was opened');
  };
  const deps = testDeps({ openEngine });
  const { copied } = await run(plansFor([]), deps);
  expect([copied.errors, deps.lines]).toEqual([[], ['Nothing to copy.']]);
});

it('closes the engine when the run may not start', async () => {
  const deps = testDeps();
  const engine = await deps.openEngine();
  let closed = 0;
  const openEngine = async (): Promise<typeof engine> => ({
    width: engine.width,
    copy: async (task, observer) => engine.copy(task, observer),
    close: async () => void (closed += 1),
  });
  const plans = plansFor([workOf('a', IMAGE, ['v1'])]);
  const refused = async (): Promise<never> => {
    await Promise.resolve();
    throw new Error('no permission');
  };
  await expect(openEngineDuring(refused, plans, { ...deps, openEngine })).rejects.toThrow('no permission');
  expect(closed).toBe(1);
});

it('leaves a copy behind that hangs though the run was aborted, and keeps what was done', async () => {
  const [plan = namespacePlan()] = plansFor([workOf('a', IMAGE, ['v1']), workOf('hanging', IMAGE, ['v2'])]);
  const deps = testDeps();
  const late = Promise.withResolvers<number>();
  const engine: Engine = {
    width: 2,
    copy: async ({ target, tags: [tag = ''] }, observer) => {
      if (target.repository.endsWith('hanging')) {
        deps.lifetime.cancel();
        await late.promise;
      }
      observer.onTagVerified(tag, { digest: IMAGE.digest });
      return 1;
    },
    close: async () => {},
  };
  const lifetime = { ...deps.lifetime, timeLeftMs: () => 300 };
  const { noted, copied } = await run([plan], { ...deps, lifetime, openEngine: async () => engine });
  const verified = (): unknown =>
    noted.get(plan)?.flatMap(({ verifiedTags }) => Array.from(verifiedTags.keys()));
  expect(verified()).toEqual(['v1']);
  expect(copied.stopped).toEqual([expect.stringContaining('The run was cancelled')]);
  expect(deps.lines).toContain(
    'Some copies did not end when the run did. They are left behind, and what was finished before is recorded.',
  );
  late.resolve(1);
  await delay(10);
  expect(verified()).toEqual(['v1']);
});
