import type { Lifetime } from '../mirror/lifetime.ts';
import type { Mode, RecordWay } from '../mirror/mode.ts';

/** With less time than this, the catalogue is left to the next run. */
const LITTLE_TIME_MS = 60_000;

/** What decides whether this job updates the catalogue. */
export interface Turn {
  readonly mode: Mode;
  readonly recordWay: RecordWay;
  /** Number of parts that the images are shared out in. */
  readonly shards: number;
  /** Number of jobs in the matrix. */
  readonly jobs: number;
  readonly lifetime: Pick<Lifetime, 'abort' | 'stopReason' | 'timeLeftMs'>;
}

/**
 * Why another job or run updates the catalogue; undefined if this one does. One of many jobs sees the others' work only in
 * part, and each would write all files.
 */
export function reasonToLeave({ mode, recordWay, shards, jobs, lifetime }: Turn): string | undefined {
  if (mode !== 'record' && (jobs > 1 || shards > 1 || recordWay === 'report'))
    return 'this is one of several jobs, and a job with "mode: record" after them updates it';
  const { abort, stopReason, timeLeftMs } = lifetime;
  if (abort.aborted && (stopReason() === 'cancelled' || timeLeftMs() < LITTLE_TIME_MS))
    return 'the run had no time left for it, and the next one does it';
  return undefined;
}
