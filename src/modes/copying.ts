import pLimit from 'p-limit';
import type { Engine } from '../copy/engine.ts';
import { type Outcome, type PoolOptions, copyAll } from '../copy/pool.ts';
import { PullLimits } from '../copy/pull-limits.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { plural } from '../mirror/format.ts';
import type { StopReason } from '../mirror/lifetime.ts';
import { type Work, digestTagsFirst } from '../mirror/work.ts';
import { messageOf } from '../oci/errors.ts';
import { type NamespacePlan, type Planned, plansOf } from '../plan/namespace-plan.ts';
import { saveAtCheckpoints } from '../record/checkpoints.ts';
import type { RunRecorder } from '../record/recorder.ts';
import { imageLinesOf } from '../report/image-lines.ts';
import { Progress } from '../report/progress.ts';
import { copyTaskOf } from './copy-task.ts';
import type { Deps } from './deps.ts';
import { MissingPlatforms } from './missing-platforms.ts';
import { relistTags } from './relist-tags.ts';
import { type Rounds, withRetryRounds } from './retry-rounds.ts';
import { runLogOf } from './run-log.ts';

/** The result of copying, besides the outcomes that the recorder has. */
export interface Copied {
  readonly errors: readonly string[];
  /** Why images were left to the next run. */
  readonly stopped: readonly string[];
  /** Wanted platforms that no image has. */
  readonly warnings: readonly string[];
  /** Removes what the engine left on this machine. */
  readonly close: () => Promise<void>;
}

/** Copies the work of all namespaces, and records it at checkpoints. If the engine can't be used, nothing is copied, and that is an error. */
export async function copyAndCheckpoint(
  plans: readonly Planned[],
  recorder: RunRecorder,
  inputs: Inputs,
  deps: Deps,
): Promise<Copied> {
  const working = plansOf(plans).filter((plan) => countWorks(plan) > 0);
  if (working.length === 0) {
    deps.logger.info('Nothing to copy.');
    return withoutEngine([]);
  }
  const engine = await deps.openEngine().catch(messageOf);
  if (typeof engine === 'string') return withoutEngine([engine]);
  const pullLimits = new PullLimits();
  const platforms = new MissingPlatforms();
  await untilDone(
    async () => copy(working, { engine, pullLimits, platforms }, recorder, inputs, deps),
    async (end) =>
      saveAtCheckpoints(recorder, { interval: inputs.checkpoint, namespaces: working.length, end }, deps),
  );
  const stopReason = deps.lifetime.stopReason();
  const stopped = [...(stopReason === undefined ? [] : [explainStop(stopReason)]), ...pullLimits.reasons];
  for (const reason of stopped) deps.logger.info(reason);
  return { errors: [], stopped, warnings: platforms.warnings(working), close: async () => engine.close() };
}

function withoutEngine(errors: readonly string[]): Copied {
  return { errors, stopped: [], warnings: [], close: async () => undefined };
}

/** Runs `background` while `work` runs, and waits for both. */
async function untilDone(
  work: () => Promise<void>,
  background: (end: AbortSignal) => Promise<void>,
): Promise<void> {
  const end = new AbortController();
  const running = background(end.signal);
  try {
    await work();
  } finally {
    end.abort();
    await running;
  }
}

const explainStop = (stopReason: StopReason): string =>
  stopReason === 'cancelled'
    ? 'The run was cancelled. Finished work is recorded, and the next run continues'
    : 'The time limit is reached. Finished work is recorded, and the next run continues';

/** What all copies of a run share. */
interface Copying {
  readonly engine: Engine;
  readonly pullLimits: PullLimits;
  readonly platforms: MissingPlatforms;
}

async function copy(
  plans: readonly NamespacePlan[],
  { engine, pullLimits, platforms }: Copying,
  recorder: RunRecorder,
  inputs: Inputs,
  deps: Deps,
): Promise<void> {
  const { logger, sleep, random, lifetime } = deps;
  logRechecks(plans, deps);
  const total = plans.reduce((sum, plan) => sum + countWorks(plan), 0);
  const log = runLogOf(deps);
  const progress = new Progress({ total, log: (line) => logger.info(line), clock: () => performance.now() });
  const limit = pLimit(engine.width);
  const shared = { engine, limit, retries: inputs.retries, lifetime, pullLimits, sleep, random, logger };
  const rounds: Rounds = {
    retries: inputs.retries,
    note: (plan, outcome) => {
      recorder.note(plan, outcome);
      for (const line of imageLinesOf(plan, outcome)) log.copied(line);
      progress.done(outcome.bytes, outcome.error !== undefined);
    },
    copy: async (plan, works, onDone) =>
      copyAndRelist(works, plan, deps, {
        ...shared,
        task: (work) => copyTaskOf(work, plan, inputs, deps),
        onPlatforms: (found) => platforms.note(found),
        beforeOverwrite: async (work, tag) => recorder.beforeOverwrite(plan, work.image, tag),
        onDone,
      }),
  };
  try {
    await withRetryRounds(async (onDone) => copyAllOnce(plans, rounds.copy, onDone), rounds, deps);
  } finally {
    progress.stop();
    log.copyingEnded();
  }
}

/** New images come before new referrers of images that are mirrored already. */
async function copyAllOnce(
  plans: readonly NamespacePlan[],
  copyWorks: Rounds['copy'],
  onDone: (plan: NamespacePlan) => (outcome: Outcome) => void,
): Promise<void> {
  for (const select of [({ work }: NamespacePlan) => digestTagsFirst(work), rechecksOf])
    await Promise.all(plans.map(async (plan) => copyWorks(plan, select(plan), onDone(plan))));
}

/** Copies `works`, then looks up the tags again whose listed digest the source did not have, and copies what they are now. */
async function copyAndRelist(
  works: readonly Work[],
  { settings }: NamespacePlan,
  { registries }: Pick<Deps, 'registries'>,
  options: PoolOptions,
): Promise<void> {
  const missing: Outcome[] = [];
  const postponed: Work[] = [];
  const onDone = (outcome: Outcome): void => {
    if (outcome.isPostponed === true) postponed.push(remainderOf(outcome));
    if (outcome.isMissingAtSource === true) missing.push(outcome);
    else options.onDone(outcome);
  };
  await copyAll(works, { ...options, onDone });
  const source = registries.source(settings.namespace.registry);
  const moved: Work[] = [];
  for (const outcome of missing) {
    const relisted = await relistTags(outcome, source);
    options.onDone(relisted.outcome);
    moved.push(...relisted.moved);
  }
  // Tags that could not be announced are tried once more, and then left to the next run.
  await copyAll([...moved, ...postponed], options);
}

/** The work without the tags that are verified. */
function remainderOf({ work, verifiedTags }: Outcome): Work {
  const left = (tags: readonly string[]): string[] => tags.filter((tag) => !verifiedTags.has(tag));
  return { ...work, added: left(work.added), updated: left(work.updated) };
}

function logRechecks(plans: readonly NamespacePlan[], { logger }: Deps): void {
  const rechecks = plans.reduce((sum, plan) => sum + rechecksOf(plan).length, 0);
  if (rechecks > 0) logger.info(`${plural(rechecks, 'unchanged image')}: looking for new referrers`);
}

function countWorks(plan: NamespacePlan): number {
  return plan.work.length + rechecksOf(plan).length;
}

/** Images that the mirror has, and whose referrers are looked up at the source. */
function rechecksOf({ referrers }: NamespacePlan): readonly Work[] {
  return referrers?.rechecks ?? [];
}
