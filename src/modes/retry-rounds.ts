import type { Outcome } from '../copy/pool.ts';
import { plural } from '../mirror/format.ts';
import type { Work } from '../mirror/work.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import type { Deps } from './deps.ts';

/** Pauses before failed images are copied again at the end of a run: an outage may last longer than the retries of one request. */
const ROUND_PAUSES_MS = [5000, 20_000];

/** Where outcomes go, and what copies the work of a namespace. */
export interface Rounds {
  readonly note: (plan: NamespacePlan, outcome: Outcome) => void;
  /** Copies `works`, and calls `onDone` for each of them. */
  readonly copy: (
    plan: NamespacePlan,
    works: readonly Work[],
    onDone: (outcome: Outcome) => void,
  ) => Promise<void>;
  /** The number of retries of a request; 0: failed images are not copied again. */
  readonly retries: number;
}

/**
 * Runs `first`, which copies everything, then copies again what failed with an error that may pass, as long as time is left. Only
 * the last failure of an image is noted.
 */
export async function withRetryRounds(
  first: (onDone: (plan: NamespacePlan) => (outcome: Outcome) => void) => Promise<void>,
  { note, copy, retries }: Rounds,
  { lifetime, logger, sleep }: Pick<Deps, 'lifetime' | 'logger' | 'sleep'>,
): Promise<void> {
  const failed = new FailedWork(note);
  const onDone =
    (plan: NamespacePlan) =>
    (outcome: Outcome): void =>
      failed.add(plan, outcome);
  await first(onDone);
  for (const pauseMs of ROUND_PAUSES_MS.slice(0, retries)) {
    if (failed.size === 0 || lifetime.drain.aborted) break;
    const what = `${plural(failed.size, 'image')} failed with errors that may pass`;
    logger.info(`${what}: copying again in ${Math.round(pauseMs / 1000)} s`);
    await sleep(pauseMs, lifetime.drain).catch(() => undefined);
    if (lifetime.drain.aborted) break;
    const byPlan = failed.start();
    await Promise.all(Array.from(byPlan, async ([plan, works]) => copy(plan, works, onDone(plan))));
  }
  failed.noteAll();
}

interface Failed {
  readonly plan: NamespacePlan;
  readonly outcome: Outcome;
}

/** Work that failed with an error that may pass, and what its copies have achieved so far. */
class FailedWork {
  readonly #note: Rounds['note'];
  readonly #failed = new Map<Work, Failed>();
  /** Work that is being copied again. */
  readonly #running = new Map<Work, Failed>();

  constructor(note: Rounds['note']) {
    this.#note = note;
  }

  get size(): number {
    return this.#failed.size;
  }

  /** Notes an outcome, unless it is to be copied again. */
  add(plan: NamespacePlan, ended: Outcome): void {
    const earlier = this.#running.get(ended.work)?.outcome;
    this.#running.delete(ended.work);
    const outcome = earlier ? withEarlier(ended, earlier) : ended;
    if (outcome.mayPass !== true) {
      this.#note(plan, outcome);
      return;
    }
    const { done, rest } = splitOutcome(outcome);
    if (done) this.#note(plan, done);
    this.#failed.set(rest.work, { plan, outcome: rest });
  }

  /** The failed work, by namespace, which is to be copied again now. */
  start(): ReadonlyMap<NamespacePlan, readonly Work[]> {
    const byPlan = new Map<NamespacePlan, Work[]>();
    for (const [work, failed] of this.#failed) {
      this.#running.set(work, failed);
      const works = byPlan.get(failed.plan);
      if (works) works.push(work);
      else byPlan.set(failed.plan, [work]);
    }
    this.#failed.clear();
    return byPlan;
  }

  /** Notes all failures, also of work that was not started again. */
  noteAll(): void {
    for (const { plan, outcome } of [...this.#failed.values(), ...this.#running.values()])
      this.#note(plan, outcome);
  }
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
