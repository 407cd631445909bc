import pLimit from 'p-limit';
import type { CopyTask, Engine } from '../copy/engine.ts';
import { type Outcome, copyAll } from '../copy/pool.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { Logger } from '../logger.ts';
import type { MetadataRepository } from '../metadata/repository.ts';
import type { Sleep } from '../oci/host-gate.ts';
import type { Registries } from '../oci/registries.ts';
import type { Work } from '../plan/diff.ts';
import { plural } from '../report/format.ts';
import { Progress } from '../report/progress.ts';
import type { RunResult } from '../report/result.ts';
import { type NamespaceFailure, type NamespacePlan, compareSources, listSources } from './prepare.ts';
import { entriesOf, record } from './record.ts';
import { resultOf } from './result-of.ts';

/** What a run works with. */
export interface Deps {
  readonly registries: Registries;
  readonly metadata: MetadataRepository;
  /** Gets the engine ready, when there is something to copy. Throws Error with the remedy. */
  readonly openEngine: () => Promise<Engine>;
  /** Runs one phase of the run, under its name in the log. */
  readonly phase: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly runKey: string;
}

type Planned = NamespacePlan | NamespaceFailure;

/** Mirrors all namespaces and records what was done; in a dry run says what would be. */
export async function sync(inputs: Inputs, deps: Deps): Promise<RunResult> {
  const started = deps.now();
  await deps.metadata.check();
  const listed = await deps.phase('List the sources', async () => listSources(inputs, deps));
  const plans = await deps.phase('Compare with the record', async () => {
    const compared = await compareSources(listed, inputs, deps);
    for (const plan of compared) deps.logger.info(describe(plan, inputs));
    return compared;
  });
  const run = { mode: 'sync', dryRun: inputs.dryRun, started } as const;
  if (inputs.dryRun) {
    const namespaces = plans.map((plan) => resultOf(plan, inputs.target, 'dry run'));
    return { ...run, finished: deps.now(), namespaces, errors: [] };
  }
  const { outcomes, errors } = await deps.phase('Copy', async () => copy(plans, inputs, deps));
  const done = plans.map((plan) => {
    const own = outcomes.get(plan) ?? [];
    return { plan, outcomes: own, result: resultOf(plan, inputs.target, own) };
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

function describe(plan: Planned, { target }: Inputs): string {
  const { namespace, failures, copied, unchanged, gone } = resultOf(plan, target, 'dry run');
  const added = copied.reduce((sum, image) => sum + image.added.length, 0);
  const updated = copied.reduce((sum, image) => sum + image.updated.length, 0);
  const counts = `${plural(added, 'new tag')}, ${updated} moved, ${unchanged} unchanged, ${gone} gone`;
  const failed = failures.length > 0 ? `, ${plural(failures.length, 'failure')}` : '';
  return `${namespace}: ${counts}${failed}`;
}
