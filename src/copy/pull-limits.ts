import { formatCount, formatDuration } from '../mirror/format.ts';
import type { RegistryClient } from '../oci/client.ts';
import { RegistryError } from '../oci/errors.ts';
import { apiHost } from '../oci/names.ts';
import type { PullLimit } from '../oci/pull-limit.ts';
import type { CopyTask } from './engine.ts';
import { readingKey } from './read-together.ts';

/** Pulls that are reserved for one task, or for several that share what they read. */
interface Reservation {
  readonly isMade: Promise<boolean>;
  isReleased: boolean;
}

/**
 * Watches the rate limits of registries. Once a registry has no pulls left, or refuses requests because of a limit, no further
 * image is started from or to it: a thousand failed images would be useless. The next run continues.
 */
export class PullLimits {
  /** Number of pulls that running copies may still take. */
  readonly #reserved = new Map<RegistryClient, number>();
  /** What tasks that share their reads have reserved, by `readingKey`. */
  readonly #shared = new Map<string, Reservation>();
  readonly #reservations = new WeakMap<CopyTask, Reservation>();
  /** Why a registry's limit is reached, by registry. */
  readonly #spent = new Map<string, string>();
  /** Resolved when the next copy from a registry ends. */
  readonly #waiting = new Map<RegistryClient, PromiseWithResolvers<void>>();

  /** Why images were not started, one reason per registry. */
  get reasons(): string[] {
    return Array.from(this.#spent.values());
  }

  /**
   * Reserves the pulls of `task`, once for all tasks that share its reads. Where running copies may take all pulls that are left, waits
   * for them to end: most take fewer than they reserved.
   *
   * @returns true when `task` may start; `end` must then be called for it
   */
  async begin(task: CopyTask): Promise<boolean> {
    if (this.#isTargetSpent(task)) return false;
    const isShared = (task.readers ?? 1) > 1;
    const key = readingKey(task);
    let reservation = isShared ? this.#shared.get(key) : undefined;
    if (!reservation) {
      const isTargetSpent = (): boolean => !isShared && this.#isTargetSpent(task);
      reservation = { isMade: this.#reserve(task, isTargetSpent), isReleased: false };
      if (isShared) this.#shared.set(key, reservation);
    }
    const isMade = await reservation.isMade;
    if (isMade) this.#reservations.set(task, reservation);
    else if (isShared) this.#shared.delete(key);
    return isMade;
  }

  async #reserve({ source: { client }, pulls }: CopyTask, isTargetSpent: () => boolean): Promise<boolean> {
    for (;;) {
      if (this.#spent.has(client.registry) || isTargetSpent()) return false;
      const reserved = this.#reserved.get(client) ?? 0;
      const { pullLimit } = client;
      if (pullLimit === undefined || pullLimit.remaining >= reserved + pulls) {
        this.#reserved.set(client, reserved + pulls);
        return true;
      }
      if (reserved > 0) await this.#nextEnd(client);
      else this.#spent.set(client.registry, describeLimit(client.registry, pullLimit));
    }
  }

  #isTargetSpent({ target }: CopyTask): boolean {
    return this.#spent.has(target.client.registry);
  }

  /** Releases what was reserved. The first of several tasks that share their reads has read everything when it ends. */
  end(task: CopyTask): void {
    const { source, pulls } = task;
    const { client } = source;
    const key = readingKey(task);
    const reservation = this.#reservations.get(task);
    if (!reservation || reservation.isReleased) return;
    reservation.isReleased = true;
    if (this.#shared.get(key) === reservation) this.#shared.delete(key);
    this.#reserved.set(client, (this.#reserved.get(client) ?? 0) - pulls);
    this.#waiting.get(client)?.resolve();
    this.#waiting.delete(client);
  }

  /** Resolves when a running copy from `client` has ended. */
  async #nextEnd(client: RegistryClient): Promise<void> {
    let waiting = this.#waiting.get(client);
    if (!waiting) this.#waiting.set(client, (waiting = Promise.withResolvers<void>()));
    return waiting.promise;
  }

  /** True when `error` says that a registry's rate limit is reached: the next run copies the image. */
  isSpent(error: unknown, { source, target }: CopyTask): boolean {
    if (!(error instanceof RegistryError) || !error.isRateLimit) return false;
    const isTarget = error.registry === apiHost(target.client.registry);
    const { registry } = (isTarget ? target : source).client;
    const when = error.retryAfter === undefined ? 'later' : `in ${formatDuration(error.retryAfter)}`;
    this.#spent.set(
      registry,
      `${registry} limits the number of requests (${error.message}): no further image was started. It asks to try again ${when}`,
    );
    return true;
  }
}

function describeLimit(registry: string, { remaining, window }: PullLimit): string {
  const left = `${registry} allows ${formatCount(remaining)} more pulls`;
  const login = 'Most accounts that log in may pull more';
  if (window === undefined)
    return `${left}: no further image was started from there. The next run continues. ${login}`;
  const time = formatDuration(window);
  return (
    `${left}, counted over ${time}: no further image was started from there. The next run continues, at the latest in ${time}. ` +
    login
  );
}
