import { setMaxListeners } from 'node:events';
import { type StopReason, type Lifetime, EndOfRun } from '../mirror/lifetime.ts';

/** Images that are under way at the time limit get this part of it, and at most so many milliseconds, to end. */
const GRACE_SHARE = 0.1;
const LONGEST_GRACE_MS = 600_000;
/** What recording may take after that; milliseconds. A cancelled run is killed by the runner ten seconds after. */
const RECORDING_MS = { 'time limit': 300_000, cancelled: 5000 } as const satisfies Record<StopReason, number>;

/**
 * The lifetime of a run that begins now.
 *
 * @param timeLimit milliseconds
 * @param onCancel told what to call when the run is cancelled
 */
export function createLifetime(timeLimit: number, onCancel: (cancel: () => void) => void): Lifetime {
  const drain = new AbortController();
  const abort = new AbortController();
  const cutoff = new AbortController();
  // Every request listens.
  setMaxListeners(0, drain.signal, abort.signal, cutoff.signal);
  let ending: StopReason | undefined;
  const end = (why: StopReason, ...controllers: AbortController[]): void => {
    ending ??= why;
    for (const controller of controllers) controller.abort(new EndOfRun(ending));
  };
  setTimeout(() => end('time limit', drain), timeLimit).unref();
  const grace = Math.min(LONGEST_GRACE_MS, timeLimit * GRACE_SHARE);
  setTimeout(() => end('time limit', drain, abort), timeLimit + grace).unref();
  const longest = timeLimit + grace + RECORDING_MS['time limit'];
  let cutoffTime = Date.now() + longest;
  setTimeout(() => end('time limit', cutoff), longest).unref();
  onCancel(() => {
    end('cancelled', drain, abort);
    cutoffTime = Math.min(cutoffTime, Date.now() + RECORDING_MS.cancelled);
    setTimeout(() => end('cancelled', cutoff), RECORDING_MS.cancelled).unref();
  });
  return {
    drain: drain.signal,
    abort: abort.signal,
    cutoff: cutoff.signal,
    timeLeftMs: () => Math.max(0, cutoffTime - Date.now()),
    stopReason: () => ending,
  };
}
