import type { Outcome } from '../copy/pool.ts';
import { plural } from '../mirror/format.ts';
import type { Work } from '../mirror/work.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import type { Deps } from './deps.ts';

/** Pauses before failed images are copied again at the end of a run: an outage may last longer than the retries of one request. */
const ROUND_PAUSES_MS = [5000, 20_000];

/** One piece of work of one plan. */
export interface PlannedWork {
  readonly plan: NamespacePlan;
  readonly work: Work;
}

export type OnDone = (plan: NamespacePlan, outcome: Outcome) => void;

/** Where outcomes go, and what copies the work of all namespaces and targets. */
export interface Rounds {
  readonly note: OnDone;
  /** Copies `works`, and calls `onDone` for each of them. */
  readonly copy: (works: readonly PlannedWork[], onDone: OnDone) => Promise<void>;
  /** The number of retries of a request; 0: failed images are not copied again. */
  readonly retries: number;
}

/**
 * Copies all of `works`, then copies again what failed with an error that may pass, as long as time is left. Only
 * the last failure of an image is noted.
 */
export async function withRetryRounds(
  works: readonly PlannedWork[],
  { note, copy, retries }: Rounds,
  { lifetime, logger, sleep }: Pick<Deps, 'lifetime' | 'logger' | 'sleep'>,
): Promise<void> {
  const failed = new FailedWork(note);
  const onDone: OnDone = (plan, outcome) => failed.add(plan, outcome);
  await copy(works, onDone);
  for (const pauseMs of ROUND_PAUSES_MS.slice(0, retries)) {
    if (failed.size === 0 || lifetime.drain.aborted) break;
    const what = `${plural(failed.size, 'image')} failed with errors that may pass`;
    logger.info(`${what}: copying again in ${Math.round(pauseMs / 1000)} s`);
    await sleep(pauseMs, lifetime.drain).catch(() => undefined);
    if (lifetime.drain.aborted) break;
    await copy(failed.start(), onDone);
  }
  failed.noteAll();
}

/** Failed work of one plan, with the last outcome. Plans for several targets may have the same work. */
type Failed = Map<NamespacePlan, Map<Work, Outcome>>;

/** Work that failed with an error that may pass, and what its copies have achieved so far. */
class FailedWork {
  readonly #note: Rounds['note'];
  #failed: Failed = new Map();
  /** Work that is being copied again. */
  #running: Failed = new Map();

  constructor(note: Rounds['note']) {
    this.#note = note;
  }

  get size(): number {
    return listOf(this.#failed).length;
  }

  /** Notes an outcome, unless it is to be copied again. */
  add(plan: NamespacePlan, ended: Outcome): void {
    const running = this.#running.get(plan);
    const earlier = running?.get(ended.work);
    running?.delete(ended.work);
    const outcome = earlier ? withEarlier(ended, earlier) : ended;
    if (outcome.mayPass !== true) {
      this.#note(plan, outcome);
      return;
    }
    const { done, rest } = splitOutcome(outcome);
    if (done) this.#note(plan, done);
    const failed = this.#failed.get(plan);
    if (failed) failed.set(rest.work, rest);
    else this.#failed.set(plan, new Map([[rest.work, rest]]));
  }

  /** The failed work, which is to be copied again now. */
  start(): readonly PlannedWork[] {
    for (const [plan, outcome] of listOf(this.#running)) this.#note(plan, outcome);
    this.#running = this.#failed;
    this.#failed = new Map();
    return listOf(this.#running).map(([plan, { work }]) => ({ plan, work }));
  }

  /** Notes all failures, also of work that was not started again. */
  noteAll(): void {
    for (const [plan, outcome] of [...listOf(this.#failed), ...listOf(this.#running)])
      this.#note(plan, outcome);
  }
}

function listOf(failed: Failed): [NamespacePlan, Outcome][] {
  return Array.from(failed).flatMap(([plan, works]) =>
    Array.from(works.values(), (outcome): [NamespacePlan, Outcome] => [plan, outcome]),
  );
}

/** An outcome as two: of the tags that are verified, if any, and of the others. */
function splitOutcome(outcome: Outcome): { readonly done?: Outcome; readonly rest: Outcome } {
  const { work, verifiedTags, error: _, mayPass: __, ...counts } = outcome;
  if (verifiedTags.size === 0) return { rest: outcome };
  const select = (isDone: boolean): Work => ({
    ...work,
    added: work.added.filter((tag) => verifiedTags.has(tag) === isDone),
    updated: work.updated.filter((tag) => verifiedTags.has(tag) === isDone),
  });
  const done = { ...counts, work: select(true), verifiedTags };
  return { done, rest: { ...outcome, work: select(false), verifiedTags: new Map(), bytes: 0, referrers: 0 } };
}

function withEarlier(outcome: Outcome, { bytes, referrers = 0 }: Outcome): Outcome {
  return { ...outcome, bytes: outcome.bytes + bytes, referrers: (outcome.referrers ?? 0) + referrers };
}
