import { setTimeout as delay } from 'node:timers/promises';
import type { Sleep } from '../oci/sleep.ts';

export const sleep: Sleep = async (ms, signal) => delay(ms, undefined, signal ? { signal } : {});

/** A sleep that the end of the run breaks off, whatever else does. */
export function mortalSleep(abort: AbortSignal): Sleep {
  return async (ms, signal) => sleep(ms, signal ? AbortSignal.any([signal, abort]) : abort);
}
