import pLimit, { type LimitFunction } from 'p-limit';
import type { Sleep } from '../sleep.ts';

/**
 * All requests to one host pass its limiter: so many at a time, and none while the host has asked to wait. A 429
 * is about the client and not about one request, so it stops them all.
 */
export class HostLimiter {
  readonly #limit: LimitFunction;
  readonly #sleep: Sleep;
  readonly #clock: () => number;
  #closedUntil = 0;
  /** Why it is closed for longer than a request can wait. */
  #refusal: Error | undefined;

  constructor(concurrency: number, sleep: Sleep, clock: () => number) {
    this.#limit = pLimit(concurrency);
    this.#sleep = sleep;
    this.#clock = clock;
  }

  /** Runs `request` when there is a place and the host is not waiting. */
  async run<T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#limit(async () => {
      await this.waitUntilOpen(signal);
      return request();
    });
  }

  /**
   * Waits until the host may be asked again, and takes no place.
   *
   * @throws the refusal that it was closed with
   */
  async waitUntilOpen(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    for (let wait = this.#wait(); wait > 0; wait = this.#wait()) {
      if (this.#refusal) throw this.#refusal;
      await this.#sleep(wait, signal);
    }
  }

  /**
   * Lets no request pass for the next `ms` milliseconds.
   *
   * @param refusal what those get who would have to wait so long; left out, they wait
   */
  pause(ms: number, refusal?: Error): void {
    const until = this.#clock() + ms;
    if (until <= this.#closedUntil) return;
    this.#closedUntil = until;
    this.#refusal = refusal;
  }

  #wait(): number {
    return this.#closedUntil - this.#clock();
  }
}

/** The limiters of all hosts, by `host:port` as URLs have it. */
export class HostLimiters {
  readonly #limiters = new Map<string, HostLimiter>();
  readonly #create: () => HostLimiter;

  constructor(create: () => HostLimiter) {
    this.#create = create;
  }

  /** The limiter of `host`. */
  of(host: string): HostLimiter {
    let limiter = this.#limiters.get(host);
    if (!limiter) this.#limiters.set(host, (limiter = this.#create()));
    return limiter;
  }

  /** The limiter of `host`, if there is one: a registry may redirect to any number of hosts, and most never ask to wait. */
  find(host: string): HostLimiter | undefined {
    return this.#limiters.get(host);
  }
}
