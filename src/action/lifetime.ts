import { setMaxListeners } from 'node:events';
import { type StopReason, type Lifetime, EndOfRun } from '../mirror/lifetime.ts';

/** Images in progress at the time limit get this share of it as extra time, and at most `LONGEST_GRACE_MS`. */
const GRACE_SHARE = 0.1;
const LONGEST_GRACE_MS = 600_000;
/** The time that recording may take after that. The runner kills a cancelled run after ten seconds. */
const RECORDING_MS = { 'time limit': 300_000, cancelled: 5000 } as const satisfies Record<StopReason, number>;

/**
 * Starts the lifetime of a run.
 *
 * @param timeLimit milliseconds
 * @param onCancel receives the function to call when the run is cancelled
 */
export function createLifetime(timeLimit: number, onCancel: (cancel: () => void) => void): Lifetime {
  const drain = new AbortController();
  const abort = new AbortController();
  const cutoff = new AbortController();
  // Every request adds a listener.
  setMaxListeners(0, drain.signal, abort.signal, cutoff.signal);
  let stopReason: StopReason | undefined;
  const stop = (reason: StopReason, ...controllers: AbortController[]): void => {
    stopReason ??= reason;
    for (const controller of controllers) controller.abort(new EndOfRun(stopReason));
  };
  setTimeout(() => stop('time limit', drain), timeLimit).unref();
  const grace = Math.min(LONGEST_GRACE_MS, timeLimit * GRACE_SHARE);
  setTimeout(() => stop('time limit', drain, abort), timeLimit + grace).unref();
  const longest = timeLimit + grace + RECORDING_MS['time limit'];
  let cutoffTime = performance.now() + longest;
  setTimeout(() => stop('time limit', cutoff), longest).unref();
  onCancel(() => {
    // Set before the signals fire: their listeners ask for the time that is left.
    cutoffTime = Math.min(cutoffTime, performance.now() + RECORDING_MS.cancelled);
    stop('cancelled', drain, abort);
    setTimeout(() => stop('cancelled', cutoff), RECORDING_MS.cancelled).unref();
  });
  return {
    drain: drain.signal,
    abort: abort.signal,
    cutoff: cutoff.signal,
    timeLeftMs: () => Math.max(0, cutoffTime - performance.now()),
    stopReason: () => stopReason,
  };
}
