import pLimit from 'p-limit';
import type { CopyTask, Engine } from '../copy/engine.ts';
import { type Outcome, copyAll } from '../copy/pool.ts';
import { PullLimits } from '../copy/pull-limits.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { plural } from '../mirror/format.ts';
import type { StopReason } from '../mirror/lifetime.ts';
import { type Work, hasDigestTags, digestTagsFirst } from '../mirror/work.ts';
import { messageOf } from '../oci/errors.ts';
import type { NamespacePlan, Planned } from '../plan/namespace-plan.ts';
import { estimatePulls } from '../plan/pulls.ts';
import type { Recorder } from '../record/recorder.ts';
import { Progress } from '../report/progress.ts';
import type { Deps } from './deps.ts';
import { relistTags } from './relist-tags.ts';

/** What came of copying, besides what the recorder knows. */
export interface Copied {
  readonly errors: readonly string[];
  /** Why images were left to the next run. */
  readonly stopped: readonly string[];
  /** Removes what the engine left on this machine. */
  readonly close: () => Promise<void>;
}

/**
 * Copies the work of all namespaces in one pool, and has it recorded at checkpoints. Without an engine nothing is copied, and that is an
 * error.
 */
export async function copyAndCheckpoint(
  plans: readonly Planned[],
  recorder: Recorder,
  inputs: Inputs,
  deps: Deps,
): Promise<Copied> {
  const { logger, openEngine, lifetime } = deps;
  const working = plans
    .filter((plan) => 'work' in plan)
    .filter((plan) => plan.work.length + rechecksOf(plan).length > 0);
  if (working.length === 0) {
    logger.info('Nothing to copy.');
    return { errors: [], stopped: [], close: async () => undefined };
  }
  let engine: Engine;
  try {
    engine = await openEngine();
  } catch (error) {
    const message = messageOf(error);
    return { errors: [message], stopped: [], close: async () => undefined };
  }
  const rechecks = working.reduce((sum, plan) => sum + rechecksOf(plan).length, 0);
  if (rechecks > 0) logger.info(`${plural(rechecks, 'unchanged image')}: asking for what is new about them`);
  const pullLimits = new PullLimits();
  const copied = new AbortController();
  const checkpoints = saveAtCheckpoints(recorder, inputs.checkpoint, copied.signal, deps);
  try {
    await copy(working, engine, pullLimits, recorder, inputs, deps);
  } finally {
    copied.abort();
    await checkpoints;
  }
  const stopReason = lifetime.stopReason();
  const stopped = [...(stopReason === undefined ? [] : [explainStop(stopReason)]), ...pullLimits.reasons];
  for (const reason of stopped) logger.info(reason);
  return { errors: [], stopped, close: async () => engine.close() };
}

const explainStop = (stopReason: StopReason): string =>
  stopReason === 'cancelled'
    ? 'The run was cancelled: what was done by then is recorded, and the next run goes on'
    : 'The time limit is reached: what was done by then is recorded, and the next run goes on';

async function copy(
  plans: readonly NamespacePlan[],
  engine: Engine,
  pullLimits: PullLimits,
  recorder: Recorder,
  inputs: Inputs,
  deps: Deps,
): Promise<void> {
  const { logger, sleep, random, lifetime } = deps;
  const total = plans.reduce((sum, plan) => sum + plan.work.length + rechecksOf(plan).length, 0);
  const progress = new Progress({ total, log: (line) => logger.info(line), clock: () => performance.now() });
  const limit = pLimit(engine.width);
  const shared = { engine, limit, retries: inputs.retries, lifetime, pullLimits, sleep, random, logger };
  const copyWorks = async (plan: NamespacePlan, works: readonly Work[]): Promise<void> => {
    const note = (outcome: Outcome): void => {
      recorder.note(plan, outcome);
      progress.done(outcome.bytes, outcome.error !== undefined);
    };
    const missing: Outcome[] = [];
    const options = {
      ...shared,
      task: (work: Work) => taskOf(work, plan, inputs, deps),
      beforeOverwrite: async (work: Work, tag: string) => recorder.beforeOverwrite(plan, work.image, tag),
    };
    const onDone = (outcome: Outcome): void => {
      if (outcome.isMissingAtSource === true) missing.push(outcome);
      else note(outcome);
    };
    await copyAll(works, { ...options, onDone });
    const source = deps.registries.source(plan.settings.namespace.registry);
    const moved: Work[] = [];
    for (const outcome of missing) {
      const relisted = await relistTags(outcome, source);
      note(relisted.outcome);
      moved.push(...relisted.moved);
    }
    await copyAll(moved, { ...options, onDone: note });
  };
  try {
    await Promise.all(plans.map(async (plan) => copyWorks(plan, digestTagsFirst(plan.work))));
    // New images come before what may be new about old ones.
    await Promise.all(plans.map(async (plan) => copyWorks(plan, rechecksOf(plan))));
  } finally {
    progress.stop();
  }
}

/** Images that the mirror has, and of which the source is asked what is new about them. */
function rechecksOf({ referrers }: NamespacePlan): readonly Work[] {
  return referrers?.rechecks ?? [];
}

/**
 * Has what is done recorded each `interval` milliseconds, until `end` or the run is aborted: no sleep lasts then any more, and
 * the end of the run records the rest. What can't be recorded now may be later; in the end it is an error.
 */
export async function saveAtCheckpoints(
  recorder: Pick<Recorder, 'save'>,
  interval: number,
  end: AbortSignal,
  { sleep, logger, lifetime }: Pick<Deps, 'sleep' | 'logger' | 'lifetime'>,
): Promise<void> {
  for (;;) {
    await sleep(interval, end).catch(() => undefined);
    if (end.aborted || lifetime.abort.aborted) return;
    const { errors } = await recorder.save();
    for (const error of errors) logger.warning(error);
  }
}

function taskOf(work: Work, plan: NamespacePlan, { engine }: Inputs, { registries }: Deps): CopyTask {
  const { namespace, target, platforms } = plan.settings;
  const { digest, mediaType } = work.descriptor;
  const { referrers } = plan;
  return {
    source: {
      client: registries.source(namespace.registry),
      repository: work.repository,
      digest,
      ...(mediaType !== undefined && { mediaType }),
    },
    target: {
      client: registries.target(target.registry),
      repository: plan.targets.get(work.image) ?? work.image,
    },
    tags: [...work.added, ...work.updated],
    platforms: hasDigestTags(work) ? 'all' : platforms,
    pulls: estimatePulls(work, { engine, platforms, referrers: referrers !== undefined }),
    present: isRecorded(plan, work),
    ...(referrers && {
      referrers: {
        sourceTags: referrers.listed.get(work.image)?.tags ?? new Set(),
        unmatchedDigestTags: plan.unmatchedDigestTags.get(work.image)?.tags ?? new Set(),
      },
    }),
  };
}

/** True when another tag of the image is recorded with the very digest, which the target then holds. */
function isRecorded({ recorded }: NamespacePlan, { image, descriptor }: Work): boolean {
  const entries = recorded.images.get(image)?.values() ?? [];
  return Iterator.from(entries).some((entry) => entry === descriptor.digest);
}
