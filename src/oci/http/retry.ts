import { errors } from 'undici';

/** Waits of a client that is told to come back later. All times are milliseconds. */

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** A registry that asks for a longer pause than this is given up on: the next run goes on. */
export const LONGEST_PAUSE_MS = 10 * 60_000;
/** More tries of what was refused doubtfully. */
const AMBIGUOUS_RETRIES = 3;

/** Statuses worth another try: busy, timed out, or a fault of the server's own (499 and 522 are proxies'). */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || status === 499 || (status >= 500 && status !== 501);
}

/** Exponential growth from half a second to half a minute, with jitter over its upper half. */
export function backoffDelay(attempt: number, random: () => number): number {
  const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return delay / 2 + (delay / 2) * random();
}

/**
 * The wait that a `Retry-After` header asks for: seconds or an HTTP date.
 * https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** What is to be known of a failure, to say whether to try again. */
export interface Problem {
  readonly retryable: boolean;
  readonly ambiguous: boolean;
  readonly retryAfter?: number | undefined;
}

/** Counts the tries of one piece of work, and says how long to wait before each. */
export class RetryBudget {
  readonly #retries: number;
  readonly #random: () => number;
  #tries = 0;
  #doubts = 0;

  constructor(retries: number, random: () => number) {
    this.#retries = retries;
    this.#random = random;
  }

  /** More tries that were granted so far. */
  get tries(): number {
    return this.#tries;
  }

  /** The wait before another try, in milliseconds; undefined when it has no use, or there were enough. */
  nextDelay({ retryable, ambiguous, retryAfter = 0 }: Problem): number | undefined {
    if (!retryable && ambiguous) this.#doubts += 1;
    const useless = !retryable && (!ambiguous || this.#doubts > AMBIGUOUS_RETRIES);
    if (useless || this.#tries >= this.#retries || retryAfter > LONGEST_PAUSE_MS) return undefined;
    const delay = Math.max(backoffDelay(this.#tries, this.#random), retryAfter);
    this.#tries += 1;
    return delay;
  }
}

/** Node's and undici's codes for a connection that broke, or never came to be, through no fault of the request. */
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

export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return errorCode(error.cause);
}

export function isNetworkError(error: unknown): boolean {
  return NETWORK_CODES.has(errorCode(error) ?? '') || isGarbled(error);
}

/** What came is no HTTP, or ends in the middle of it. The parser's errors have no code. */
function isGarbled(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof errors.HTTPParserError || isGarbled(error.cause);
}
