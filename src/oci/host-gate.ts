import pLimit, { type LimitFunction } from 'p-limit';

/** Waits, and ends early by throwing when `signal` is aborted. `ms` is milliseconds. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/**
 * All requests to one host pass its gate: so many at a time, and none while the host has asked to wait. A 429
 * is about the client and not about one request, so it stops them all.
 */
export class HostGate {
  readonly #limit: LimitFunction;
  readonly #sleep: Sleep;
  readonly #clock: () => number;
  #closedUntil = 0;

  constructor(concurrency: number, sleep: Sleep, clock: () => number) {
    this.#limit = pLimit(concurrency);
    this.#sleep = sleep;
    this.#clock = clock;
  }

  /** Runs `request` when there is a place and the host is not waiting. */
  async pass<T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#limit(async () => {
      signal?.throwIfAborted();
      for (let wait = this.#wait(); wait > 0; wait = this.#wait()) await this.#sleep(wait, signal);
      return request();
    });
  }

  /** Lets no request pass for the next `ms` milliseconds. */
  close(ms: number): void {
    this.#closedUntil = Math.max(this.#closedUntil, this.#clock() + ms);
  }

  #wait(): number {
    return this.#closedUntil - this.#clock();
  }
}
