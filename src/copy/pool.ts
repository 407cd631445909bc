import pLimit, { type LimitFunction } from 'p-limit';
import { CopyError, MissingAtSourceError, PostponedError } from '../mirror/copy-error.ts';
import type { Lifetime } from '../mirror/lifetime.ts';
import type { Work } from '../mirror/work.ts';
import type { RegistryClient } from '../oci/client.ts';
import { RegistryError, messageOf, printable } from '../oci/errors.ts';
import { RetryBudget } from '../oci/http/retry.ts';
import type { Logger } from '../oci/logger.ts';
import type { Sleep } from '../oci/sleep.ts';
import { WorkCounter } from '../oci/work-counter.ts';
import type { CopyTask, Engine, VerifiedTag } from './engine.ts';
import { Patience, type PatienceOptions } from './patience.ts';
import type { PullLimits } from './pull-limits.ts';
import { type Feed, feedsOf, readTogether } from './read-together.ts';

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

/** One piece of work, and what its copy needs to know. */
export interface CopyItem {
  readonly work: Work;
  readonly task: CopyTask;
  /** Awaited right before a tag is written at the target. Throws when the tag must not be written. */
  readonly beforeOverwrite: (tag: string) => Promise<void>;
  /** Called when the work has ended. It is not called for work that is not started. */
  readonly onDone: (outcome: Outcome) => void;
}

export interface PoolOptions {
  /** It takes `width` tasks for each target registry at the same time. */
  readonly engine: Engine;
  readonly retries: number;
  readonly lifetime: Lifetime;
  readonly pullLimits: PullLimits;
  /** Called with the platforms of each index when only some of them are wanted. */
  readonly onPlatforms?: (platforms: readonly string[]) => void;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly logger: Logger;
  /** How targets wait for one another. */
  readonly patience?: Pick<PatienceOptions, 'clock' | 'sleep'>;
}

/**
 * Copies all of `items`, until the run ends or a registry's limit is reached. A failed copy is retried when that can help, and never
 * stops the others. Each target registry takes its items in their order, as many at a time as the engine is wide: a target that is
 * slow or down holds up no other. Items that read the same digest are started together, so that it is read once; see `readTogether`.
 */
export async function copyAll(items: readonly CopyItem[], options: PoolOptions): Promise<void> {
  const places = new Map<RegistryClient, LimitFunction>();
  const { lifetime, patience: given, engine } = options;
  const patience = new Patience<RegistryClient>({ ...given, signal: lifetime.drain });
  await Promise.all(
    feedsOf(readTogether(items, patience)).map(async (feed) => {
      const { client } = feed[0].item.task.target;
      let place = places.get(client);
      if (!place) places.set(client, (place = pLimit(engine.width)));
      await copyFeed(feed, place, options);
    }),
  );
}

/**
 * Starts the items of one source and one target, one after another. An item waits outside of `place` while its registries have asked
 * to wait, so that items from other sources can pass.
 */
async function copyFeed(feed: Feed<CopyItem>, place: LimitFunction, options: PoolOptions): Promise<void> {
  const { lifetime, pullLimits } = options;
  const { drain } = lifetime;
  const running: Promise<void>[] = [];
  for (const { item, member } of feed) {
    const { task, onDone } = item;
    await Promise.all([task.source, task.target].map(async ({ client }) => client.transport.ready(drain)));
    if (drain.aborted || !(await pullLimits.begin(task))) break;
    await member?.reach('turn');
    const started = Promise.withResolvers<void>();
    const copying = place(async () => {
      started.resolve();
      try {
        await member?.reach('place');
        if (!drain.aborted) onDone(await copyOne(item, options));
      } finally {
        member?.leave();
        pullLimits.end(task);
      }
    });
    // Marks a rejection as handled; `Promise.all` below throws it.
    copying.catch(() => undefined);
    running.push(copying);
    await started.promise;
  }
  for (const { member } of feed.slice(running.length)) member?.leave();
  await Promise.all(running);
}

/** Copies an item until all its tags are verified, it fails for good, or the run ends. */
async function copyOne(item: CopyItem, options: PoolOptions): Promise<Outcome> {
  const { task } = item;
  const { engine, lifetime, pullLimits, sleep } = options;
  const attempt = new Attempt(item, options);
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
  readonly #item: CopyItem;
  readonly #options: PoolOptions;
  readonly #retryBudget: RetryBudget;
  readonly #verifiedTags = new Map<string, VerifiedTag>();
  #referrers = 0;
  #platforms: number | undefined;

  constructor(item: CopyItem, options: PoolOptions) {
    this.#item = item;
    this.#options = options;
    this.#retryBudget = new RetryBudget(options.retries, options.random);
  }

  async beforeOverwrite(tag: string): Promise<void> {
    return this.#item.beforeOverwrite(tag);
  }

  onTagVerified(tag: string, verified: VerifiedTag): void {
    this.#verifiedTags.set(tag, verified);
  }

  onTagKept(tag: string): void {
    const { image, repository } = this.#item.work;
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
      work: this.#item.work,
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
