import { SPREAD_PER_JOB_MS } from '../github/retry-policy.ts';

/** When jobs record, so that all jobs of a matrix together stay within GitHub's limits. All times are milliseconds. */

const HOUR_MS = 3_600_000;
/**
 * Files that the checkpoints of all jobs write in an hour. GitHub allows 500; the rest is for jobs that start or end.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
const CHECKPOINT_WRITES_PER_HOUR = 200;
/** Up to this number of files, all jobs together, the interval is the input's. */
const FEW_FILES = 20;

/** The time between two checkpoints that write `files` files each: the input's, or more where many jobs write many files. */
export function checkpointIntervalMs(inputMs: number, jobs: number, files: number): number {
  const all = jobs * Math.max(1, files);
  return all <= FEW_FILES ? inputMs : Math.max(inputMs, (all * HOUR_MS) / CHECKPOINT_WRITES_PER_HOUR);
}

/** The time until the first checkpoint. Jobs that start together are spread over the whole interval. */
export function firstCheckpointMs(intervalMs: number, jobs: number, random: () => number): number {
  return jobs > 1 ? intervalMs * random() : intervalMs;
}

/** So many jobs may end together: their writes stay below 80 a minute. */
const FEW_JOBS = 20;
const FEW_JOBS_SPREAD_MS = 20_000;

/** The wait before the final record, so that jobs that end together don't all collide. */
export function finalDelayMs(jobs: number, timeLeftMs: number, random: () => number): number {
  if (jobs <= 1) return 0;
  const spread = jobs <= FEW_JOBS ? FEW_JOBS_SPREAD_MS : jobs * SPREAD_PER_JOB_MS;
  return random() * Math.min(spread, timeLeftMs / 4);
}

const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 900_000;

/** The pause before another round of final writes, when GitHub failed in the last one. `rounds` counts those, from 1. */
export function roundPauseMs(rounds: number, timeLeftMs: number, random: () => number): number {
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (rounds - 1), timeLeftMs / 4);
  return pause / 2 + (pause / 2) * random();
}
