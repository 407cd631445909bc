import type { Engine } from '../copy/engine.ts';
import { type Outcome, copyAll } from '../copy/pool.ts';
import { PullLimits } from '../copy/pull-limits.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { plural } from '../mirror/format.ts';
import { type StopReason, describeStop } from '../mirror/lifetime.ts';
import { type Work, digestTagsFirst } from '../mirror/work.ts';
import { messageOf } from '../oci/errors.ts';
import { type NamespacePlan, type Planned, plansOf } from '../plan/namespace-plan.ts';
import { saveAtCheckpoints } from '../record/checkpoints.ts';
import type { RunRecorder } from '../record/recorder.ts';
import { imageLinesOf } from '../report/image-lines.ts';
import { Progress } from '../report/progress.ts';
import { copyTaskOf } from './copy-task.ts';
import type { Deps } from './deps.ts';
import { endsInTime } from './ends-in-time.ts';
import { MissingPlatforms } from './missing-platforms.ts';
import { copyAndRelist } from './relist-tags.ts';
import { type PlannedWork, type Rounds, withRetryRounds } from './retry-rounds.ts';
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

/** The engine, or why it can't be used; undefined if there is nothing to copy. */
export type OpenedEngine = Engine | string | undefined;

/**
 * Opens the engine while `check` runs.
 *
 * @throws what `check` throws; then the engine is closed
 */
export async function openEngineDuring(
  check: () => Promise<void>,
  plans: readonly Planned[],
  deps: Deps,
): Promise<OpenedEngine> {
  const opening: Promise<OpenedEngine> =
    workingOf(plans).length === 0 ? Promise.resolve(undefined) : deps.openEngine().catch(messageOf);
  try {
    await check();
  } catch (error) {
    const engine = await opening;
    if (typeof engine === 'object') await engine.close();
    throw error;
  }
  return opening;
}

function workingOf(plans: readonly Planned[]): NamespacePlan[] {
  return plansOf(plans).filter((plan) => countWorks(plan) > 0);
}

/** Copies the work of all namespaces, and records it at checkpoints. If the engine can't be used, nothing is copied, and that is an error. */
export async function copyAndCheckpoint(
  plans: readonly Planned[],
  engine: OpenedEngine,
  recorder: RunRecorder,
  inputs: Inputs,
  deps: Deps,
): Promise<Copied> {
  if (engine === undefined) {
    deps.logger.info('Nothing to copy.');
    return withoutEngine([]);
  }
  if (typeof engine === 'string') return withoutEngine([engine]);
  const working = workingOf(plans);
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
  `${describeStop(stopReason)}. Finished work is recorded, and the next run continues`;

const LEFT =
  'Some copies did not end when the run did. They are left behind, and what was finished before is recorded.';

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
  const shared = { engine, retries: inputs.retries, lifetime, pullLimits, sleep, random, logger };
  let isLeft = false;
  const rounds: Rounds = {
    retries: inputs.retries,
    note: (plan, outcome) => {
      // It is being recorded what was noted by then.
      if (isLeft) return;
      recorder.note(plan, outcome);
      for (const line of imageLinesOf(plan, outcome)) log.copied(line);
      progress.done(outcome.bytes, outcome.error !== undefined);
    },
    copy: async (works, onDone) =>
      copyAndRelist(works, onDone, deps, async (all, done) => {
        const items = all.map(({ plan, work }) => ({
          work,
          task: copyTaskOf(work, plan, inputs, deps),
          beforeOverwrite: async (tag: string) => recorder.beforeOverwrite(plan, work.image, tag),
          onDone: (outcome: Outcome) => done(plan, outcome),
        }));
        await copyAll(items, { ...shared, onPlatforms: (found) => platforms.note(found) });
      }),
  };
  try {
    isLeft = !(await endsInTime(withRetryRounds(inOrder(plans), rounds, deps), lifetime));
    if (isLeft) logger.warning(LEFT);
  } finally {
    progress.stop();
    log.copyingEnded();
  }
}

/** All work: signatures come before images, and new images before new referrers of images that are mirrored already. */
function inOrder(plans: readonly NamespacePlan[]): PlannedWork[] {
  const planned = (worksOf: (plan: NamespacePlan) => readonly Work[]): PlannedWork[] =>
    plans.flatMap((plan) => worksOf(plan).map((work) => ({ plan, work })));
  const works = digestTagsFirst(
    planned(({ work }) => work),
    ({ work }) => work,
  );
  return [...works, ...planned(rechecksOf)];
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
