import type { LimitFunction } from 'p-limit';
import type { Lifetime } from '../lifetime.ts';
import type { Logger } from '../logger.ts';
import { RegistryError, printable } from '../oci/errors.ts';
import type { Sleep } from '../oci/host-gate.ts';
import { backoffDelay } from '../oci/retry.ts';
import type { Work } from '../plan/diff.ts';
import { CopyError, type CopyTask, type Engine, type Held } from './engine.ts';
import type { Quota } from './quota.ts';

/** What came of one piece of work. */
export interface Outcome {
  readonly work: Work;
  /** The tags that the target holds now, each read back. */
  readonly held: ReadonlyMap<string, Held>;
  /** Bytes sent. */
  readonly bytes: number;
  /** Number of manifests that refer to the image and were copied. */
  readonly referrers?: number;
  /** Set when it was broken off: what is missing is left to the next run. */
  readonly isLeft?: boolean;
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
  readonly quota: Quota;
  /** Told of each piece of work as it ends. */
  readonly onDone: (outcome: Outcome) => void;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly logger: Logger;
}

/**
 * Copies all of `works`, as many at a time as `limit` lets, until the run ends or a registry has had enough. What fails is
 * retried when that can help, and stops nothing else.
 */
export async function copyAll(works: readonly Work[], options: PoolOptions): Promise<void> {
  const { limit, lifetime, quota, task, onDone } = options;
  await limit.map(works, async (work) => {
    const whole = task(work);
    if (lifetime.drain.aborted || !quota.begin(whole)) return;
    try {
      onDone(await copyOne(work, whole, options));
    } finally {
      quota.end(whole);
    }
  });
}

async function copyOne(
  work: Work,
  whole: CopyTask,
  { engine, retries, lifetime, quota, sleep, random, logger }: PoolOptions,
): Promise<Outcome> {
  const held = new Map<string, Held>();
  let bytes = 0;
  let referrers = 0;
  for (let attempt = 0; ; attempt += 1) {
    const tags = whole.tags.filter((tag) => !held.has(tag));
    try {
      bytes += await engine.copy(
        { ...whole, tags },
        (tag, what) => held.set(tag, what),
        (count) => (referrers += count),
      );
      return { work, held, bytes, referrers };
    } catch (error) {
      if (lifetime.abort.aborted || quota.isSpent(error, whole))
        return { work, held, bytes, referrers, isLeft: true };
      const message = error instanceof Error ? error.message : String(error);
      const { repository, digest } = whole.source;
      if (!isRetryable(error) || attempt >= retries) {
        return { work, held, bytes, referrers, error: printable(message, 2000) };
      }
      logger.info(`${repository}@${digest}: ${message}. It is tried again (${attempt + 1} of ${retries})`);
      await sleep(backoffDelay(attempt, random), lifetime.abort).catch(() => undefined);
    }
  }
}

/** A RegistryError has been retried by the transport already, request by request. */
function isRetryable(error: unknown): boolean {
  if (error instanceof RegistryError) return false;
  return error instanceof CopyError && error.retryable;
}
