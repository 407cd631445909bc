/** Waits of a client that is told to come back later. All times are milliseconds. */

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;

/** Statuses worth another try: busy, timed out, or a fault of the server's own (499 and 522 are proxies'). */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || status === 499 || (status >= 500 && status !== 501);
}

/** Exponential growth from half a second to half a minute, with jitter over its upper half. */
export function backoffDelay(attempt: number, random: () => number): number {
  const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt);
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
  'HPE_INVALID_CONSTANT',
]);

export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return errorCode(error.cause);
}

export function isNetworkError(error: unknown): boolean {
  return NETWORK_CODES.has(errorCode(error) ?? '');
}
