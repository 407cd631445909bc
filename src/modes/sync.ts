import pLimit from 'p-limit';
import type { CopyTask, Engine } from '../copy/engine.ts';
import { type Outcome, copyAll } from '../copy/pool.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { renderSectionText } from '../metadata/changelog.ts';
import type { Work } from '../plan/diff.ts';
import { Progress } from '../report/progress.ts';
import type { NamespaceResult, RunResult } from '../report/result.ts';
import type { Deps } from './deps.ts';
import { type NamespacePlan, type Planned, prepare } from './prepare.ts';
import { entriesOf, record } from './record.ts';
import { describe, resultOf } from './result-of.ts';
import { settlePlans } from './settle-plan.ts';

/** Mirrors all namespaces and records what was done; in a dry run says what would be. */
export async function sync(inputs: Inputs, deps: Deps): Promise<RunResult> {
  const started = deps.now();
  const prepared = await prepare(inputs, deps);
  const plans = await deps.phase('Plan', async () => {
    const settled = await settlePlans(prepared, inputs, deps.registries);
    for (const plan of settled) deps.logger.info(describe(resultOf(plan, inputs, 'dry run')));
    return settled;
  });
  const run = { mode: 'sync', dryRun: inputs.dryRun, started } as const;
  if (inputs.dryRun) {
    const finished = deps.now();
    const namespaces = plans.map((plan) => withSection(resultOf(plan, inputs, 'dry run'), finished, inputs));
    return { ...run, finished, namespaces, errors: [] };
  }
  const { outcomes, errors } = await deps.phase('Copy', async () => copy(plans, inputs, deps));
  const done = plans.map((plan) => {
    const own = outcomes.get(plan) ?? [];
    return { plan, outcomes: own, result: resultOf(plan, inputs, own) };
  });
  const recordErrors = await deps.phase('Record', async () => {
    const recordables = done.flatMap(({ plan, outcomes, result }) =>
      'failure' in plan ? [] : [{ plan, entries: entriesOf(plan, outcomes), result }],
    );
    return record(recordables, inputs, deps);
  });
  const namespaces = done.map(({ result }) => result);
  return { ...run, finished: deps.now(), namespaces, errors: [...errors, ...recordErrors] };
}

/** With the section that the changelog would get. */
function withSection(
  result: NamespaceResult,
  time: Date,
  { metadata: { changelogPath, timezone } }: Inputs,
): NamespaceResult {
  if (changelogPath === undefined || result.copied.length === 0) return result;
  return { ...result, section: renderSectionText(result, { time, timezone }) };
}

/** Copies the work of all namespaces in one pool. Without an engine nothing is copied, and that is an error. */
async function copy(
  plans: readonly Planned[],
  inputs: Inputs,
  deps: Deps,
): Promise<{ outcomes: Map<Planned, Outcome[]>; errors: string[] }> {
  const { logger, sleep, random, openEngine } = deps;
  const working = plans.filter((plan) => 'work' in plan).filter(({ work }) => work.length > 0);
  const total = working.reduce((sum, { work }) => sum + work.length, 0);
  if (total === 0) {
    logger.info('Nothing to copy.');
    return { outcomes: new Map(), errors: [] };
  }
  let engine: Engine;
  try {
    engine = await openEngine();
  } catch (error) {
    return { outcomes: new Map(), errors: [error instanceof Error ? error.message : String(error)] };
  }
  const progress = new Progress({ total, log: (line) => logger.info(line), clock: () => performance.now() });
  const onDone = (outcome: Outcome): void => progress.done(outcome.bytes, outcome.error !== undefined);
  const limit = pLimit(engine.width);
  try {
    const outcomes = await Promise.all(
      working.map(async (plan) => {
        const task = (work: Work): CopyTask => taskOf(work, plan, inputs, deps);
        const options = { engine, limit, retries: inputs.retries, task, onDone, sleep, random, logger };
        return [plan, await copyAll(plan.work, options)] as const;
      }),
    );
    return { outcomes: new Map(outcomes), errors: [] };
  } finally {
    progress.stop();
    await engine.close();
  }
}

function taskOf(work: Work, plan: NamespacePlan, inputs: Inputs, { registries }: Deps): CopyTask {
  return {
    source: {
      client: registries.source(plan.namespace.registry),
      repository: work.repository,
      digest: work.manifest.digest,
    },
    target: {
      client: registries.target(inputs.target.registry),
      repository: plan.targets.get(work.image) ?? work.image,
    },
    tags: [...work.added, ...work.updated],
    platforms: inputs.platforms,
    present: isRecorded(plan, work),
  };
}

/** True when another tag of the image is recorded with the very digest, which the target then holds. */
function isRecorded({ recorded }: NamespacePlan, { image, manifest }: Work): boolean {
  const entries = recorded.images.get(image)?.values() ?? [];
  return Iterator.from(entries).some((entry) => entry === manifest.digest);
}
