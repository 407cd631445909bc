import { setTimeout as delay } from 'node:timers/promises';
import type { Sleep } from '../oci/sleep.ts';

/** Longest time in milliseconds that others wait for one target without a break. */
export const MAX_PATIENCE_MS = 5000;
/** Part of the time in which nobody waits for a target that may be spent on waiting for it later. */
const REGAINED = 0.25;

export interface PatienceOptions {
  /** Milliseconds. Default: the clock of this process. */
  readonly clock?: () => number;
  readonly sleep?: Sleep;
  /** Once it is aborted, nobody is waited for. */
  readonly signal?: AbortSignal;
}

/** The patience with one target. */
interface Account {
  /** Milliseconds that were left at `at`. */
  left: number;
  at: number;
  /** Number of those who wait for it. */
  waiting: number;
}

/**
 * Bounds how long targets wait for one another in order to share what is read from a source. In a run of length T, the others wait
 * for a target no longer than `MAX_PATIENCE_MS` + T / 4 in all, whatever it does: a target that is slow or down is soon left alone.
 */
export class Patience<Target> {
  readonly #clock: () => number;
  readonly #sleep: Sleep;
  readonly #signal: AbortSignal | undefined;
  readonly #accounts = new Map<Target, Account>();

  constructor({ clock = () => performance.now(), sleep = realSleep, signal }: PatienceOptions = {}) {
    this.#clock = clock;
    this.#sleep = sleep;
    this.#signal = signal;
  }

  /** How long `target` may still be waited for, in milliseconds. */
  leftMs(target: Target): number {
    return this.#signal?.aborted === true ? 0 : this.#update(target).left;
  }

  /**
   * Waits for `change`, which one of `targets` is to bring about.
   *
   * @returns false when there is no patience left with any of them
   */
  async wait(targets: readonly Target[], change: Promise<unknown>): Promise<boolean> {
    const ended = new AbortController();
    const signal = this.#signal ? AbortSignal.any([ended.signal, this.#signal]) : ended.signal;
    for (const target of targets) this.#update(target).waiting += 1;
    try {
      for (;;) {
        const left = Math.max(0, ...targets.map((target) => this.leftMs(target)));
        if (left === 0) return false;
        const timer = this.#sleep(Math.ceil(left), signal).then(never, never);
        if (await Promise.race([change.then(always), timer])) return true;
      }
    } finally {
      for (const target of targets) this.#update(target).waiting -= 1;
      ended.abort();
    }
  }

  #update(target: Target): Account {
    const now = this.#clock();
    let account = this.#accounts.get(target);
    if (!account) this.#accounts.set(target, (account = { left: MAX_PATIENCE_MS, at: now, waiting: 0 }));
    const passed = now - account.at;
    account.left =
      account.waiting > 0
        ? Math.max(0, account.left - passed)
        : Math.min(MAX_PATIENCE_MS, account.left + passed * REGAINED);
    account.at = now;
    return account;
  }
}

const never = (): boolean => false;
const always = (): boolean => true;

const realSleep: Sleep = async (ms, signal) => delay(ms, undefined, { signal });
