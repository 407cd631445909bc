import type { RequestError } from 'octokit';
import { formatDuration } from '../mirror/format.ts';
import { parseRetryAfter } from '../oci/http/retry.ts';
import { MetadataError, describeAnswer } from './errors.ts';
import { remedyForRead, remedyForWrite } from './remedy.ts';

/** What a failed GET or PUT means. */
export type RequestFailure =
  /** Another job wrote first: read, merge, and write again. */
  | { readonly kind: 'conflict' }
  /** A fault that may pass. A write may have been done all the same. */
  | { readonly kind: 'outcome-unknown' }
  /** A rate limit that ends after `waitMs`; undefined where GitHub does not say when. */
  | { readonly kind: 'rate-limited'; readonly waitMs: number | undefined }
  /** No retry helps. */
  | { readonly kind: 'refused'; readonly error: MetadataError };

/**
 * Reads a failed GET or PUT.
 *
 * @param where what the request was about: `owner/name`, or a path in it
 */
export function classifyFailure(error: RequestError, where: string): RequestFailure {
  if (isOutcomeUnknown(error)) return { kind: 'outcome-unknown' };
  const message = describeAnswer(error);
  // The proxy answered, not GitHub, and its message has the remedy.
  if (error.status === 407) return { kind: 'refused', error: refusal(error, where, message) };
  if (isRateLimit(error)) return { kind: 'rate-limited', waitMs: statedWaitMs(error) };
  if (isConflict(error.status, message)) return { kind: 'conflict' };
  const remedy = isWrite(error)
    ? remedyForWrite(error.status, message)
    : remedyForRead(error.status, message);
  return { kind: 'refused', error: refusal(error, where, `${remedy} (GitHub says: ${message})`) };
}

/** The error for a rate limit that lasts longer than a request may wait. */
export function limitError(error: RequestError, where: string, waitMs: number): MetadataError {
  const cause = `a rate limit of GitHub is used up for another ${formatDuration(waitMs)}; run again then`;
  return refusal(error, where, `${cause} (GitHub says: ${describeAnswer(error)})`, 'limited');
}

/** True when a write may have been done though it failed: no answer came, or one of unknown meaning. */
export function isOutcomeUnknown({ status, message }: RequestError): boolean {
  return (
    status >= 500 || status === 408 || (status === 409 && !isConflict(status, message) && !isRule(message))
  );
}

function refusal(
  error: RequestError,
  where: string,
  why: string,
  kind: MetadataError['kind'] = 'refused',
): MetadataError {
  const message = `${where} can't be ${isWrite(error) ? 'written' : 'read'}: ${why}`;
  return new MetadataError(message, { cause: error, kind });
}

function isWrite({ request }: RequestError): boolean {
  return request.method === 'PUT';
}

/** Only the messages distinguish one 409 from another. The tests' stand-in for GitHub has them word for word. */
function isConflict(status: number, message: string): boolean {
  if (status === 422) return /"sha" wasn't supplied/i.test(message);
  return status === 409 && /does not match|but expected|expected to be at/i.test(message);
}

/** A rule of the branch. To be checked after `isConflict`, whose messages quote a path that may contain any word. */
function isRule(message: string): boolean {
  return /pull request|rule|protected|locked|required|signature|not authorized/i.test(message);
}

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit */
function isRateLimit(error: RequestError): boolean {
  const { status, message, response } = error;
  if (status === 429) return true;
  if (status !== 403) return false;
  return (
    statedWaitMs(error) !== undefined ||
    response?.headers['x-ratelimit-remaining'] === '0' ||
    /rate limit|abuse/i.test(message)
  );
}

/** How long a rate limit lasts, in milliseconds by the answer's own clock; undefined where it does not say. */
function statedWaitMs({ response }: RequestError): number | undefined {
  const headers = response?.headers ?? {};
  const now = Date.parse(headers.date ?? '');
  const retryAfter = headers['retry-after'];
  const asked = retryAfter === undefined ? undefined : parseRetryAfter(String(retryAfter), now);
  const isUsedUp = headers['x-ratelimit-remaining'] === '0';
  const reset = isUsedUp ? Math.max(0, Number(headers['x-ratelimit-reset']) * 1000 - now) + 1000 : Number.NaN;
  const wait = asked ?? reset;
  return Number.isNaN(wait) ? undefined : wait;
}
