import type { LimitFunction } from 'p-limit';
import { CopyError, NotThereError, PostponedError } from '../mirror/copy-error.ts';
import type { Lifetime } from '../mirror/lifetime.ts';
import type { Work } from '../mirror/work.ts';
import { messageOf, printable } from '../oci/errors.ts';
import { RetryBudget } from '../oci/http/retry.ts';
import type { Logger } from '../oci/logger.ts';
import type { Sleep } from '../oci/sleep.ts';
import type { CopyTask, Engine, VerifiedTag } from './engine.ts';
import type { PullLimits } from './pull-limits.ts';
import { relistTags, withoutTags } from './relist-tags.ts';

/** What came of one piece of work. */
export interface Outcome {
  readonly work: Work;
  /** The tags that the target holds now, each read back. */
  readonly verifiedTags: ReadonlyMap<string, VerifiedTag>;
  /** Bytes sent. */
  readonly bytes: number;
  /** Number of manifests that refer to the image and were copied. */
  readonly referrers?: number;
  /** Set when it was broken off: what is missing is left to the next run. */
  readonly isPending?: boolean;
  /** Set where the tags could not be announced in the record: they may be tried again in this run. */
  readonly isPostponed?: boolean;
  /** Why the tags that are not in `held` are not there; absent when they are, or are left to the next run. */
  readonly error?: string;
}

export interface PoolOptions {
  readonly engine: Engine;
  /** Bounds the images that are copied at a time; shared by all namespaces of a run. */
  readonly limit: LimitFunction;
  readonly retries: number;
  readonly task: (work: Work) => CopyTask;
  readonly lifetime: Lifetime;
  readonly pullLimits: PullLimits;
  /** Told of each piece of work as it ends. */
  readonly onDone: (outcome: Outcome) => void;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly logger: Logger;
}

/**
 * Copies all of `works`, as many at a time as `limit` lets, until the run ends or a registry has had enough. What fails is
 * retried when that can help, and stops nothing else. Each waits for its place alone, and for none while its registries have
 * asked to wait: so works of others come by.
 */
export async function copyAll(works: readonly Work[], options: PoolOptions): Promise<void> {
  const { limit, lifetime, pullLimits, task, onDone } = options;
  const running: Promise<void>[] = [];
  for (const work of works) {
    const whole = task(work);
    await Promise.all([whole.source, whole.target].map(async ({ client }) => client.transport.ready()));
    if (lifetime.drain.aborted || !(await pullLimits.begin(whole))) break;
    const started = Promise.withResolvers<void>();
    const copying = limit(async () => {
      started.resolve();
      try {
        if (lifetime.drain.aborted) return;
        for (const outcome of await copyWork(work, whole, options)) onDone(outcome);
      } finally {
        pullLimits.end(whole);
      }
    });
    // It is thrown in the end.
    copying.catch(() => undefined);
    running.push(copying);
    await started.promise;
  }
  await Promise.all(running);
}

/** Copies `work`; what the source has under another digest than it listed, as it is now. */
async function copyWork(work: Work, whole: CopyTask, options: PoolOptions): Promise<Outcome[]> {
  const missing = new Set<string>();
  const outcome = await copyOne(work, whole, options, missing);
  if (missing.size === 0) return [outcome];
  const moved = await relistTags(work, missing, whole.source.client).catch(() => []);
  const left = withoutTags(work, moved);
  const { verifiedTags, error, ...rest } = outcome;
  const isDone = [...left.added, ...left.updated].every((tag) => verifiedTags.has(tag));
  const outcomes: Outcome[] = [
    { ...rest, work: left, verifiedTags, ...(error !== undefined && !isDone && { error }) },
  ];
  for (const one of moved) outcomes.push(await copyOne(one, options.task(one), options, missing));
  return outcomes;
}

/** @param missing is given the tags whose digest the source does not have */
async function copyOne(
  work: Work,
  whole: CopyTask,
  { engine, retries, lifetime, pullLimits, sleep, random, logger }: PoolOptions,
  missing: Set<string>,
): Promise<Outcome> {
  const verifiedTags = new Map<string, VerifiedTag>();
  let bytes = 0;
  let referrers = 0;
  const retryBudget = new RetryBudget(retries, random);
  for (;;) {
    const tags = whole.tags.filter((tag) => !verifiedTags.has(tag));
    try {
      bytes += await engine.copy(
        { ...whole, tags },
        (tag, what) => verifiedTags.set(tag, what),
        (count) => (referrers += count),
      );
      return { work, verifiedTags, bytes, referrers };
    } catch (error) {
      if (lifetime.abort.aborted || pullLimits.isSpent(error, whole))
        return { work, verifiedTags, bytes, referrers, isPending: true };
      if (error instanceof PostponedError)
        return { work, verifiedTags, bytes, referrers, isPending: true, isPostponed: true };
      if (error instanceof NotThereError) for (const tag of tags) missing.add(tag);
      const message = messageOf(error);
      const { repository, digest } = whole.source;
      // A RegistryError has been retried by the transport already, request by request.
      const delay = error instanceof CopyError ? retryBudget.nextDelay(error) : undefined;
      if (delay === undefined)
        return { work, verifiedTags, bytes, referrers, error: printable(message, 2000) };
      logger.info(
        `${repository}@${digest}: ${message}. It is tried again (${retryBudget.tries} of ${retries})`,
      );
      await sleep(delay, lifetime.abort).catch(() => undefined);
    }
  }
}
