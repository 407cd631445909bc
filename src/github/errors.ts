import type { RequestError } from 'octokit';
import { formatDuration } from '../mirror/format.ts';
import { messageOf, printable } from '../oci/errors.ts';
import { parseRetryAfter } from '../oci/http/retry.ts';

/** The metadata repository can't be read or written. Says why and what to do. */
export class MetadataError extends Error {
  override readonly name = 'MetadataError';
}

/** A wait for a rate limit that is longer than this, in milliseconds, is the next run's. */
const LONGEST_WAIT_MS = 300_000;
/**
 * The least wait where a limit does not say how long it lasts; it doubles from one to the next.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
const UNSTATED_WAIT_MS = 60_000;

/**
 * What a failed request means: `collided` (another job wrote; read and merge), `unknown` (it may have been done, and may
 * succeed later), a rate limit that ends after so many milliseconds, or that it will never go through.
 */
export type RequestFailure = 'collided' | 'unknown' | { readonly wait: number } | MetadataError;

/**
 * Reads a failed GET or PUT.
 *
 * @param where what was asked for: `owner/name`, or a path in it
 * @param limits how many limits in a row were waited for already
 */
export function classify(error: RequestError, where: string, limits: number): RequestFailure {
  if (isUnclear(error)) return 'unknown';
  const isWrite = error.request.method === 'PUT';
  const message = saidBy(error);
  const fail = (why: string): MetadataError =>
    new MetadataError(`${where} can't be ${isWrite ? 'written' : 'read'}: ${why}`, { cause: error });
  // It is not GitHub that answered but the proxy, whose words have the remedy.
  if (error.status === 407) return fail(message);
  const refused = (remedy: string): MetadataError => fail(`${remedy} (GitHub says: ${message})`);
  const wait = limitedFor(error, limits);
  if (wait !== undefined && wait <= LONGEST_WAIT_MS) return { wait };
  if (wait !== undefined) {
    return refused(`a rate limit of GitHub is used up for another ${formatDuration(wait)}; run again then`);
  }
  if (isCollision(error.status, message)) return 'collided';
  return refused(isWrite ? remedyForWrite(error.status, message) : remedyFor(error.status, message));
}

/** True when a write may have been done though it failed: no answer came, or one that nobody knows. */
export function isUnclear({ status, message }: RequestError): boolean {
  return (
    status >= 500 || status === 408 || (status === 409 && !isCollision(status, message) && !isRule(message))
  );
}

/** GITHUB.md lists the messages; they are the only thing that tells 409s apart. */
function isCollision(status: number, message: string): boolean {
  if (status === 422) return /"sha" wasn't supplied/i.test(message);
  return status === 409 && /does not match|but expected|expected to be at/i.test(message);
}

/** A rule of the branch. Asked after a collision: the file's path, which stands in its message, may hold any word. */
function isRule(message: string): boolean {
  return /pull request|rule|protected|locked|required|signature|not authorized/i.test(message);
}

/** How long a rate limit lasts, in milliseconds, by the answer's own clock; undefined when it is none. */
function limitedFor(error: RequestError, limits: number): number | undefined {
  const { status, response } = error;
  if (status !== 403 && status !== 429) return undefined;
  const headers = response?.headers ?? {};
  const now = Date.parse(headers.date ?? '');
  const retryAfter = headers['retry-after'];
  const asked = retryAfter === undefined ? undefined : parseRetryAfter(String(retryAfter), now);
  const isUsedUp = headers['x-ratelimit-remaining'] === '0';
  const reset = isUsedUp ? Math.max(0, Number(headers['x-ratelimit-reset']) * 1000 - now) + 1000 : undefined;
  const wait = asked ?? reset;
  if (wait !== undefined && !Number.isNaN(wait)) return wait;
  const isLimit = status === 429 || wait !== undefined || /rate limit|abuse/i.test(error.message);
  return isLimit ? UNSTATED_WAIT_MS * 2 ** limits : undefined;
}

/** One line of what an answer said, or of why there was none. */
export function saidBy(error: unknown): string {
  const message = messageOf(error);
  return /^\s*</.test(message) ? 'an HTML page' : printable(message);
}

function remedyForWrite(status: number, message: string): string {
  switch (status) {
    case 409:
      return 'its branch is protected; let the token bypass the rule, or record in another "metadata-branch"';
    case 422:
      return 'the request is not accepted';
    case 404:
      return /branch .* not found/i.test(message)
        ? 'the branch is not there; create it, or name another in "metadata-branch"'
        : 'it is not there for this token; "github-token" needs permission "contents: write" on it';
    default:
      return remedyFor(status, message);
  }
}

function remedyFor(status: number, message: string): string {
  if (/archived/i.test(message))
    return 'the repository is archived; unarchive it, or name another in "metadata-repository"';
  if (/not accessible by/i.test(message) || status === 403) {
    return (
      '"github-token" may not do this. For this repository set "permissions: contents: write" in the workflow; for ' +
      'another one use a fine-grained token or a GitHub App token. A pull request from a fork can only read'
    );
  }
  if (status === 401) {
    return '"github-token" is not valid, or has ended: that of a GitHub App lives for an hour, and a "time-limit" ends a run before';
  }
  if (status === 404) {
    return (
      'it is not there for this token. Check "metadata-repository"; GITHUB_TOKEN sees no other private repository: ' +
      'use a fine-grained token or a GitHub App token in "github-token"'
    );
  }
  return 'GitHub did not answer as it should; run again later';
}
