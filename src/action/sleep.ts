import { setTimeout as delay } from 'node:timers/promises';
import type { Sleep } from '../oci/sleep.ts';

/** A timer of more milliseconds than this, 25 days, would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const sleep: Sleep = async (ms, signal) =>
  delay(Math.min(ms, LONGEST_TIMER_MS), undefined, signal ? { signal } : {});

/** A sleep that ends early, with an error, when `abort` is aborted or its own signal is. */
export function interruptibleSleep(abort: AbortSignal): Sleep {
  return async (ms, signal) => sleep(ms, signal ? AbortSignal.any([signal, abort]) : abort);
}
