import type { LimitFunction } from 'p-limit';
import { CopyError, MissingAtSourceError, PostponedError } from '../mirror/copy-error.ts';
import type { Lifetime } from '../mirror/lifetime.ts';
import type { Work } from '../mirror/work.ts';
import { RegistryError, messageOf, printable } from '../oci/errors.ts';
import { RetryBudget } from '../oci/http/retry.ts';
import type { Logger } from '../oci/logger.ts';
import type { Sleep } from '../oci/sleep.ts';
import { WorkCounter } from '../oci/work-counter.ts';
import type { CopyTask, Engine, VerifiedTag } from './engine.ts';
import type { PullLimits } from './pull-limits.ts';

/** The result of copying one piece of work. */
export interface Outcome {
  readonly work: Work;
  /** The tags that the target now holds, each read back. */
  readonly verifiedTags: ReadonlyMap<string, VerifiedTag>;
  /** Number of bytes sent. */
  readonly bytes: number;
  /** Number of referrers that were copied. */
  readonly referrers?: number;
  /** True when the copy was interrupted: the next run copies what is missing. */
  readonly isPending?: boolean;
  /** True when the tags could not be announced in the record: this run may try them again. */
  readonly isPostponed?: boolean;
  /** Why the tags that are not in `verifiedTags` are not mirrored; absent when all are, or the next run copies them. */
  readonly error?: string;
  /** True when a later copy may succeed. */
  readonly mayPass?: boolean;
  /** True when `error` says that the source does not have the digest that it listed for these tags. */
  readonly isMissingAtSource?: boolean;
  /** Milliseconds from the first attempt to the end. */
  readonly durationMs?: number;
  /** Number of platforms of the image, if the engine knows it. */
  readonly platforms?: number;
  /** Number of blobs that the target took from another of its repositories. */
  readonly mounts?: number;
}

export interface PoolOptions {
  readonly engine: Engine;
  /** Limits the number of images that are copied at the same time; shared by all namespaces of a run. */
  readonly limit: LimitFunction;
  readonly retries: number;
  readonly task: (work: Work) => CopyTask;
  /** Awaited right before a tag is written at the target. Throws when the tag must not be written. */
  readonly beforeOverwrite: (work: Work, tag: string) => Promise<void>;
  readonly lifetime: Lifetime;
  readonly pullLimits: PullLimits;
  /** Called with the platforms of each index when only some of them are wanted. */
  readonly onPlatforms?: (platforms: readonly string[]) => void;
  /** Called when a piece of work has ended. */
  readonly onDone: (outcome: Outcome) => void;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly logger: Logger;
}

/**
 * Copies all of `works`, as many at a time as `limit` allows, until the run ends or a registry's limit is reached. A failed copy
 * is retried when that can help, and never stops the others. Work waits outside of `limit` while its registries have asked to
 * wait, so that work for other registries can pass.
 */
export async function copyAll(works: readonly Work[], options: PoolOptions): Promise<void> {
  const { limit, lifetime, pullLimits, onDone } = options;
  const running: Promise<void>[] = [];
  for (const work of works) {
    const task = options.task(work);
    await Promise.all([task.source, task.target].map(async ({ client }) => client.transport.ready()));
    if (lifetime.drain.aborted || !(await pullLimits.begin(task))) break;
    const started = Promise.withResolvers<void>();
    const copying = limit(async () => {
      started.resolve();
      try {
        if (!lifetime.drain.aborted) onDone(await copyOne(work, task, options));
      } finally {
        pullLimits.end(task);
      }
    });
    // Marks a rejection as handled; `Promise.all` below throws it.
    copying.catch(() => undefined);
    running.push(copying);
    await started.promise;
  }
  await Promise.all(running);
}

/** Copies `work` until all its tags are verified, it fails for good, or the run ends. */
async function copyOne(work: Work, task: CopyTask, options: PoolOptions): Promise<Outcome> {
  const { engine, lifetime, pullLimits, sleep } = options;
  const attempt = new Attempt(work, options);
  for (;;) {
    try {
      attempt.bytes += await attempt.counter.run(async () => engine.copy(attempt.remainderOf(task), attempt));
      return attempt.outcome();
    } catch (error) {
      if (lifetime.abort.aborted || pullLimits.isSpent(error, task))
        return attempt.outcome({ isPending: true });
      if (error instanceof PostponedError) return attempt.outcome({ isPending: true, isPostponed: true });
      const delay = attempt.nextDelay(task, error);
      if (delay === undefined) {
        return attempt.outcome({
          error: printable(messageOf(error), 2000),
          mayPass: (error instanceof CopyError || error instanceof RegistryError) && error.retryable,
          isMissingAtSource: error instanceof MissingAtSourceError,
        });
      }
      await sleep(delay, lifetime.abort).catch(() => undefined);
    }
  }
}

/** Collects what the attempts at one piece of work have achieved. */
class Attempt {
  bytes = 0;
  readonly counter = new WorkCounter();
  readonly #started = performance.now();
  readonly #work: Work;
  readonly #options: PoolOptions;
  readonly #retryBudget: RetryBudget;
  readonly #verifiedTags = new Map<string, VerifiedTag>();
  #referrers = 0;
  #platforms: number | undefined;

  constructor(work: Work, options: PoolOptions) {
    this.#work = work;
    this.#options = options;
    this.#retryBudget = new RetryBudget(options.retries, options.random);
  }

  async beforeOverwrite(tag: string): Promise<void> {
    return this.#options.beforeOverwrite(this.#work, tag);
  }

  onTagVerified(tag: string, verified: VerifiedTag): void {
    this.#verifiedTags.set(tag, verified);
  }

  onTagKept(tag: string): void {
    const { image, repository } = this.#work;
    this.#options.logger.info(
      `${repository}:${tag} was not copied: the target has its own ${image}:${tag}, which can't be merged with the source's`,
    );
  }

  onReferrersCopied(count: number): void {
    this.#referrers += count;
  }

  onPlatforms(platforms: readonly string[]): void {
    this.#options.onPlatforms?.(platforms);
  }

  onPlatformCount(count: number): void {
    this.#platforms = count;
  }

  /** `task` without the tags that are verified. */
  remainderOf(task: CopyTask): CopyTask {
    return { ...task, tags: task.tags.filter((tag) => !this.#verifiedTags.has(tag)) };
  }

  /** Milliseconds to wait before the next attempt; undefined when there is none. */
  nextDelay({ source: { repository, digest } }: CopyTask, error: unknown): number | undefined {
    // The transport has retried the request of a RegistryError already.
    const delay = error instanceof CopyError ? this.#retryBudget.nextDelay(error) : undefined;
    if (delay !== undefined) {
      const { retries, logger } = this.#options;
      const attempt = `retry ${this.#retryBudget.used} of ${retries}`;
      logger.info(`${repository}@${digest}: ${messageOf(error)}; ${attempt}`);
    }
    return delay;
  }

  outcome(
    end: Pick<Outcome, 'isPending' | 'isPostponed' | 'error' | 'mayPass' | 'isMissingAtSource'> = {},
  ): Outcome {
    return {
      work: this.#work,
      verifiedTags: this.#verifiedTags,
      bytes: this.bytes,
      referrers: this.#referrers,
      durationMs: performance.now() - this.#started,
      mounts: this.counter.mounts,
      ...(this.#platforms !== undefined && { platforms: this.#platforms }),
      ...end,
    };
  }
}
