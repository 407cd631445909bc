import type { Sleep } from '../sleep.ts';

/**
 * All requests to one host pass its limiter: at most N at once, and none during a pause that the host requested. A rate
 * limit concerns the client and not one request, therefore it pauses them all.
 */
export class HostLimiter {
  readonly #concurrency: number;
  #running = 0;
  /** Requests that wait for a place, in their order: from `#next` on. */
  #waiting: (() => void)[] = [];
  #next = 0;
  readonly #sleep: Sleep;
  readonly #clock: () => number;
  #pausedUntil = 0;
  /** Why requests fail instead of waiting: the pause is too long. */
  #refusal: Error | undefined;

  constructor(concurrency: number, sleep: Sleep, clock: () => number) {
    this.#concurrency = concurrency;
    this.#sleep = sleep;
    this.#clock = clock;
  }

  /** Runs `request` once a place is free and the host is not paused. */
  async run<T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#running < this.#concurrency) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      if (this.#wait() > 0 || signal?.aborted === true) await this.waitUntilOpen(signal);
      return await request();
    } finally {
      this.#passOn();
    }
  }

  /** Passes a place on to the next request that waits. */
  #passOn(): void {
    const next = this.#waiting[this.#next];
    if (!next) {
      this.#running -= 1;
      this.#waiting = [];
      this.#next = 0;
      return;
    }
    this.#next += 1;
    if (this.#next > 1000 && this.#next * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    next();
  }

  /**
   * Waits until the pause is over, without taking a place.
   *
   * @throws the refusal of a pause that is too long to wait for
   */
  async waitUntilOpen(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    for (let wait = this.#wait(); wait > 0; wait = this.#wait()) {
      if (this.#refusal) throw this.#refusal;
      await this.#sleep(wait, signal);
    }
  }

  /**
   * Stops all requests for the next `ms` milliseconds.
   *
   * @param refusal if set, requests throw it instead of waiting. One that was thrown here comes back from the request that met it,
   *   and does not make the pause longer
   */
  pause(ms: number, refusal?: Error): void {
    if (refusal && refusal === this.#refusal) return;
    const until = this.#clock() + ms;
    if (until <= this.#pausedUntil) return;
    this.#pausedUntil = until;
    this.#refusal = refusal;
  }

  #wait(): number {
    return this.#pausedUntil - this.#clock();
  }
}

/** The limiters of all hosts, by the `host` of a URL, which includes its port. */
export class HostLimiters {
  readonly #limiters = new Map<string, HostLimiter>();
  readonly #create: (host: string) => HostLimiter;

  constructor(create: (host: string) => HostLimiter) {
    this.#create = create;
  }

  /** The limiter of `host`. */
  of(host: string): HostLimiter {
    let limiter = this.#limiters.get(host);
    if (!limiter) this.#limiters.set(host, (limiter = this.#create(host)));
    return limiter;
  }

  /** The limiter of `host`, if there is one: a registry may redirect to any number of hosts, and most never need a limiter. */
  find(host: string): HostLimiter | undefined {
    return this.#limiters.get(host);
  }
}
