import { setTimeout as delay } from 'node:timers/promises';
import type { Sleep } from '../oci/sleep.ts';

export const sleep: Sleep = async (ms, signal) => delay(ms, undefined, signal ? { signal } : {});

/** A sleep that ends early, with an error, when `abort` is aborted or its own signal is. */
export function interruptibleSleep(abort: AbortSignal): Sleep {
  return async (ms, signal) => sleep(ms, signal ? AbortSignal.any([signal, abort]) : abort);
}
