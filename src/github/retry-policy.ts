import { backoffDelay } from '../oci/http/retry.ts';
import type { RequestFailure } from './request-failure.ts';

/** Whether a failed request is sent again, and when. Pure functions; all times are milliseconds. */

/** How often, and after which waits, one kind of request is retried. */
export interface RetryPolicy {
  readonly maxTries: number;
  /** The wait before the next try. `tries` counts the failed ones, from 1. */
  readonly delayMs: (tries: number, failure: RetryableFailure, random: () => number) => number;
}

export type RetryableFailure = Exclude<RequestFailure, { readonly kind: 'refused' }>;

/** What happened so far. */
export interface RetryState {
  /** Failed tries of this request. */
  readonly tries: number;
  /** How many of them met a rate limit. */
  readonly limits: number;
  /** True when another file was given up, and no request has succeeded since. */
  readonly isFailing: boolean;
  /** True once the run has no time left: waits are short then. */
  readonly isShutdown: boolean;
}

export type RetryDecision =
  | { readonly kind: 'wait'; readonly delayMs: number }
  | { readonly kind: 'give-up' }
  | { readonly kind: 'limit-too-long'; readonly waitMs: number };

/** Rate limits that one request waits for. */
const MAX_LIMITS = 5;
/** A run does not wait for a longer rate limit. */
const LONGEST_LIMIT_MS = 300_000;
/**
 * The shortest wait where a limit does not say how long it lasts; it doubles with each limit.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
const UNSTATED_LIMIT_MS = 60_000;
/** The runner kills a cancelled job after ten seconds. */
const SHUTDOWN_SPREAD_MS = 400;

/** Decides what follows a failed try. */
export function decideRetry(
  failure: RetryableFailure,
  { tries, limits, isFailing, isShutdown }: RetryState,
  { maxTries, delayMs }: RetryPolicy,
  random: () => number,
): RetryDecision {
  const limitMs = limitWaitMs(failure, limits);
  if (limitMs > LONGEST_LIMIT_MS) return { kind: 'limit-too-long', waitMs: limitMs };
  if (tries >= (isFailing ? 1 : maxTries) || limits > MAX_LIMITS) return { kind: 'give-up' };
  // No limit ends sooner because the run has no time.
  const spread = isShutdown ? random() * SHUTDOWN_SPREAD_MS : delayMs(tries, failure, random);
  return { kind: 'wait', delayMs: limitMs + spread };
}

/** How long the rate limit in `failure` lasts; 0 for other failures. `limits` counts those met, this one included. */
export function limitWaitMs(failure: RetryableFailure, limits: number): number {
  if (failure.kind !== 'rate-limited') return 0;
  return failure.waitMs ?? UNSTATED_LIMIT_MS * 2 ** (limits - 1);
}

/** Reads are tried for a quarter of a minute. */
export const READ_POLICY: RetryPolicy = {
  maxTries: 6,
  delayMs: (tries, _, random) => backoffDelay(tries - 1, random),
};

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

/** Writes are retried patiently: what they would record can't be found out again. */
export const WRITE_POLICY: RetryPolicy = {
  // 20 jobs that write one branch at once get through well before this.
  maxTries: 15,
  delayMs: (tries, { kind }, random) => {
    const first = kind === 'outcome-unknown' ? UNKNOWN_SPREAD_MS : FIRST_SPREAD_MS;
    return FIRST_DELAY_MS + random() * Math.min(WIDEST_SPREAD_MS, first * 2 ** (tries - 1));
  },
};
