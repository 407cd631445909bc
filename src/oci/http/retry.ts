import { errors } from 'undici';

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** What all retries of one operation wait in total, at most: the restart of a registry takes less. */
const PATIENCE_MS = 70_000;
const MAX_GROWTH = 8;
/** A registry that asks for a longer pause than this is left to the next run. */
export const LONGEST_PAUSE_MS = 10 * 60_000;
/** Retries of an ambiguous refusal. */
const AMBIGUOUS_RETRIES = 3;

/** Statuses worth a retry: busy, timed out, or a fault of the server itself (499 and 522 come from proxies). */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || status === 499 || (status >= 500 && status !== 501);
}

/**
 * Milliseconds to wait, growing exponentially from half a second to half a minute, with jitter over the upper half.
 *
 * @param growth the factor from one wait to the next
 */
export function backoffDelay(attempt: number, random: () => number, growth = 2): number {
  const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * growth ** attempt);
  return delay / 2 + (delay / 2) * random();
}

/**
 * The wait in milliseconds that a `Retry-After` header asks for, in seconds or as an HTTP date.
 * https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 *
 * @param now milliseconds since the epoch
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** What decides whether a failure is retried. */
export interface Problem {
  readonly retryable: boolean;
  readonly ambiguous: boolean;
  /** Milliseconds. */
  readonly retryAfter?: number | undefined;
}

/**
 * The growth of the waits that spreads `retries` retries over about a minute. Manifests, blobs and lists all last that long:
 * with the usual doubling, five retries would be used up after 12 seconds.
 */
export function growthFor(retries: number): number {
  const known = growths.get(retries);
  if (known !== undefined) return known;
  const growth = findGrowth(retries);
  growths.set(retries, growth);
  return growth;
}

/** Each request and each blob has a budget, and all of them have the same number of retries. */
const growths = new Map<number, number>();

function findGrowth(retries: number): number {
  for (let growth = 2; growth < MAX_GROWTH; growth += 0.25) {
    const waits = Array.from({ length: retries }, (_, attempt) => backoffDelay(attempt, () => 1, growth));
    if (waits.reduce((sum, wait) => sum + wait, 0) >= PATIENCE_MS) return growth;
  }
  return MAX_GROWTH;
}

/** Counts the retries of one operation, and says how long to wait before each: about a minute in total. */
export class RetryBudget {
  readonly #retries: number;
  readonly #random: () => number;
  readonly #growth: number;
  #used = 0;
  #ambiguous = 0;

  constructor(retries: number, random: () => number) {
    this.#retries = retries;
    this.#random = random;
    this.#growth = growthFor(retries);
  }

  /** Retries granted so far. */
  get used(): number {
    return this.#used;
  }

  /** The wait before the next retry, in milliseconds; undefined when a retry is useless, or the budget is used up. */
  nextDelay({ retryable, ambiguous, retryAfter = 0 }: Problem): number | undefined {
    if (!retryable && ambiguous) this.#ambiguous += 1;
    const isUseless = !retryable && (!ambiguous || this.#ambiguous > AMBIGUOUS_RETRIES);
    if (isUseless || this.#used >= this.#retries || retryAfter > LONGEST_PAUSE_MS) return undefined;
    const delayMs = Math.max(backoffDelay(this.#used, this.#random, this.#growth), retryAfter);
    this.#used += 1;
    return delayMs;
  }
}

/** Node's and undici's codes for a connection that broke or was never made, through no fault of the request. */
const NETWORK_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

/** The `code` of an error or of what caused it. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return errorCode(error.cause);
}

/** True for a failure of the connection, after which the same request may succeed. */
export function isNetworkError(error: unknown): boolean {
  return NETWORK_CODES.has(errorCode(error) ?? '') || isGarbled(error);
}

/** True for an answer that is not HTTP, or ends in the middle of it. The parser's errors have no code. */
export function isGarbled(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof errors.HTTPParserError || isGarbled(error.cause);
}
