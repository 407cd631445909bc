import { backoffDelay } from '../oci/http/retry.ts';
import type { RequestFailure } from './request-failure.ts';

/** Whether a failed request is sent again, and when. Pure functions; all times are milliseconds. */

/** How often, and after which waits, one kind of request is retried. */
export interface RetryPolicy {
  readonly maxTries: number;
  /** Rate limits that one request waits for. */
  readonly maxLimits: number;
  /** The longest rate limit that is waited for. */
  readonly longestLimitMs: number;
  /** With less time than this, nothing is tried again: other files come after this one. Absent: none do. */
  readonly leastTimeMs?: number;
  /** The wait before the next try, besides that for a rate limit. `tries` counts the failed ones, from 1. */
  readonly delayMs: (tries: number, failure: RetryableFailure, random: () => number) => number;
}

export type RetryableFailure = Exclude<RequestFailure, { readonly kind: 'refused' }>;

/** What happened so far. */
export interface RetryState {
  /** Failed tries of this request. */
  readonly tries: number;
  /** How many of them met a rate limit. */
  readonly limits: number;
  /** True when another file of the same save was given up, and no request has succeeded since. */
  readonly isFailing: boolean;
  /** Until recording must end. */
  readonly timeLeftMs: number;
}

export type RetryDecision =
  | { readonly kind: 'wait'; readonly delayMs: number }
  | { readonly kind: 'give-up' }
  | { readonly kind: 'limit-too-long'; readonly waitMs: number };

/**
 * The shortest wait where a limit does not say how long it lasts; it doubles with each limit.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
const UNSTATED_LIMIT_MS = 60_000;
/** No wait takes more than this share of the time that is left: a run without time tries often. */
const TIME_SHARE = 1 / 12;

/** Decides what follows a failed try. */
export function decideRetry(
  failure: RetryableFailure,
  { tries, limits, isFailing, timeLeftMs }: RetryState,
  { maxTries, maxLimits, longestLimitMs, leastTimeMs = 0, delayMs }: RetryPolicy,
  random: () => number,
): RetryDecision {
  const limitMs = limitWaitMs(failure, limits);
  if (limitMs > Math.min(longestLimitMs, timeLeftMs)) return { kind: 'limit-too-long', waitMs: limitMs };
  if (tries >= (isFailing ? 1 : maxTries) || limits > maxLimits) return { kind: 'give-up' };
  if (timeLeftMs < leastTimeMs) return { kind: 'give-up' };
  const left = (timeLeftMs - limitMs) * TIME_SHARE;
  const share = left < delayMs(tries, failure, () => 1) ? left * random() : delayMs(tries, failure, random);
  return { kind: 'wait', delayMs: limitMs + share };
}

/** How long the rate limit in `failure` lasts; 0 for other failures. `limits` counts those met, this one included. */
export function limitWaitMs(failure: RetryableFailure, limits: number): number {
  if (failure.kind !== 'rate-limited') return 0;
  return failure.waitMs ?? UNSTATED_LIMIT_MS * 2 ** (limits - 1);
}

const LONGEST_LIMIT_MS = 300_000;

/** Reads are tried for a quarter of a minute. */
export const READ_POLICY: RetryPolicy = {
  maxTries: 6,
  maxLimits: 5,
  longestLimitMs: LONGEST_LIMIT_MS,
  delayMs: (tries, _, random) => backoffDelay(tries - 1, random),
};

/**
 * What is written: a checkpoint, which the next one repeats; the announcement of tags that move; the changelog at the end of the run,
 * which is followed by what is recorded; the end of the run.
 */
export type WriteKind = 'checkpoint' | 'announcement' | 'changelog' | 'final';

/** With less time than this, as after a cancel, a changelog that could not be written makes way for the manifests that follow. */
const LEAST_CHANGELOG_MS = 15_000;

/**
 * Octokit spaces a process's writes by a second. A wait that is longer than that comes before the read; a shorter one
 * would let Octokit wait between read and write, while other jobs write.
 */
const FIRST_DELAY_MS = 1000;
/**
 * Jobs that collided try again within this time, then within twice of it, and so on. GitHub accepts 80 writes a minute: 20
 * jobs that end at the same time stay below that, also where a write takes a second, and two that met are soon done.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
const FIRST_SPREAD_MS = 20_000;
/** Whether a write was done whose answer was lost is checked sooner. */
const UNKNOWN_SPREAD_MS = 2000;
const WIDEST_SPREAD_MS = 60_000;
/** Each job of a matrix adds this to the widest spread, so that all together stay below 500 content writes an hour. */
export const SPREAD_PER_JOB_MS = 6000;

/** How writes are retried. `jobs` is the number of jobs in the matrix, which write to the same branch. */
export function writePolicy(kind: WriteKind, jobs: number): RetryPolicy {
  const widest = Math.max(WIDEST_SPREAD_MS, jobs * SPREAD_PER_JOB_MS);
  const firstSpreads = { conflict: FIRST_SPREAD_MS, 'outcome-unknown': UNKNOWN_SPREAD_MS };
  return {
    ...PATIENCE[kind],
    delayMs: (tries, failure, random) => {
      // A limit ends for all jobs at the same time.
      const spread =
        failure.kind === 'rate-limited'
          ? Math.max(FIRST_SPREAD_MS, jobs * SPREAD_PER_JOB_MS)
          : Math.min(widest, firstSpreads[failure.kind] * 2 ** (tries - 1));
      return FIRST_DELAY_MS + random() * spread;
    },
  };
}

// What it would record can't be found out again. Another round follows while time is left.
const FINAL = {
  maxTries: 15,
  maxLimits: Number.POSITIVE_INFINITY,
  longestLimitMs: Number.POSITIVE_INFINITY,
} as const;

const PATIENCE = {
  checkpoint: { maxTries: 6, maxLimits: 2, longestLimitMs: LONGEST_LIMIT_MS },
  announcement: { maxTries: 15, maxLimits: 5, longestLimitMs: LONGEST_LIMIT_MS },
  changelog: { ...FINAL, leastTimeMs: LEAST_CHANGELOG_MS },
  final: FINAL,
} as const satisfies Record<WriteKind, Omit<RetryPolicy, 'delayMs'>>;
