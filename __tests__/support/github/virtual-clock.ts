import { setImmediate } from 'node:timers/promises';
import type { Sleep } from '../../../src/oci/sleep.ts';

interface Sleeper {
  readonly wakeTime: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Turns of the event loop after which everything that can run without a sleep has run. */
const TURNS = 4;

/** A clock that jumps from one sleep to the next. Times are milliseconds. */
export class VirtualClock {
  #now: number;
  #order = 0;
  readonly #sleepers: Sleeper[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  readonly now = (): number => this.#now;

  readonly sleep: Sleep = async (ms, signal) => {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const sleeper = { wakeTime: this.#now + ms, order: this.#order++, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        const index = this.#sleepers.indexOf(sleeper);
        if (index !== -1) this.#sleepers.splice(index, 1);
        reject(new Error('aborted'));
      });
    });
  };

  /** Advances the clock until `work` is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const ended = work.finally(() => (isDone = true));
    ended.catch(() => undefined);
    for (;;) {
      for (let turn = 0; turn < TURNS; turn += 1) await setImmediate();
      if (isDone) return ended;
      this.#advance();
    }
  }

  /** Wakes all that sleep until the next time. */
  #advance(): void {
    this.#sleepers.sort((a, b) => a.wakeTime - b.wakeTime || a.order - b.order);
    const [first] = this.#sleepers;
    if (!first) throw new Error('Nothing sleeps, and the work is not done');
    this.#now = Math.max(this.#now, first.wakeTime);
    while (this.#sleepers[0] && this.#sleepers[0].wakeTime <= this.#now) this.#sleepers.shift()?.wake();
  }
}
