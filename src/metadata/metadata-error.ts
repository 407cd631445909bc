import { RequestError } from 'octokit';
import { printable } from '../oci/errors.ts';
import { proxyErrorOf } from '../oci/proxy-error.ts';
import { parseRetryAfter } from '../oci/retry.ts';

/** The metadata repository can't be read or written. Says why and what to do. */
export class MetadataError extends Error {
  override readonly name = 'MetadataError';
}

/** A wait for a rate limit that is longer than this, in milliseconds, is the next run's. */
const LONGEST_WAIT = 300_000;

/**
 * What a failed write means: `again` (another job wrote; read and merge), `unknown` (it may have been done), a rate
 * limit that ends after so many milliseconds, or that it will never go through.
 */
export type WriteFailure = 'again' | 'unknown' | { readonly wait: number } | MetadataError;

/** Reads a failed PUT of contents. GITHUB.md lists the messages; they are the only thing that tells 409s apart. */
export function classifyWrite(error: RequestError, where: string): WriteFailure {
  if (error.status >= 500) return 'unknown';
  if (isProxys(error))
    return new MetadataError(`${where} can't be written: ${printable(error.message)}`, { cause: error });
  const wait = limitedFor(error);
  if (wait !== undefined && wait <= LONGEST_WAIT) return { wait };
  const message = printable(error.message);
  const refused = (remedy: string): MetadataError =>
    new MetadataError(`${where} can't be written: ${remedy} (GitHub says: ${message})`, { cause: error });
  switch (error.status) {
    case 409:
      // Asked first: the file's path, which stands in the message, may hold any word.
      if (/does not match|but expected/i.test(message)) return 'again';
      if (/pull request|rule|protected|locked|required|signature|not authorized/i.test(message)) {
        return refused(
          'its branch is protected; let the token bypass the rule, or record in another "metadata-branch"',
        );
      }
      return 'again';
    case 422:
      return /"sha" wasn't supplied/i.test(message) ? 'again' : refused('the request is not accepted');
    case 404:
      return refused(
        /branch .* not found/i.test(message)
          ? 'the branch is not there; create it, or name another in "metadata-branch"'
          : 'it is not there for this token; "github-token" needs permission "contents: write" on it',
      );
    default:
      return refused(remedyFor(error.status, message));
  }
}

/** How long a rate limit lasts, in milliseconds, by the answer's own clock; undefined when it is none. */
function limitedFor({ status, response }: RequestError): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const headers = response?.headers ?? {};
  const now = Date.parse(headers.date ?? '');
  const retryAfter = headers['retry-after'];
  if (retryAfter !== undefined) return parseRetryAfter(String(retryAfter), now);
  if (headers['x-ratelimit-remaining'] !== '0') return undefined;
  const wait = Number(headers['x-ratelimit-reset']) * 1000 - now;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait) + 1000;
}

/** A failed read, as an error with its remedy. */
export function explainRead(error: unknown, where: string): MetadataError {
  const message = error instanceof Error ? printable(error.message) : String(error);
  const status = error instanceof RequestError ? error.status : 0;
  if (isProxys(error)) return new MetadataError(`${where} can't be read: ${message}`, { cause: error });
  return new MetadataError(
    `${where} can't be read: ${remedyFor(status, message)} (GitHub says: ${message})`,
    {
      cause: error,
    },
  );
}

/** True when not GitHub but the proxy answered, or could not be reached: its words have the remedy. */
function isProxys(error: unknown): boolean {
  return proxyErrorOf(error) !== undefined || (error instanceof RequestError && error.status === 407);
}

function remedyFor(status: number, message: string): string {
  if (/archived/i.test(message))
    return 'the repository is archived; unarchive it, or name another in "metadata-repository"';
  if (/rate limit/i.test(message) || status === 429)
    return 'a rate limit of GitHub is used up; run again later';
  if (/not accessible by/i.test(message) || status === 403) {
    return (
      '"github-token" may not do this. For this repository set "permissions: contents: write" in the workflow; for ' +
      'another one use a fine-grained token or a GitHub App token. A pull request from a fork can only read'
    );
  }
  if (status === 401) return '"github-token" is not valid, or has ended';
  if (status === 404) {
    return (
      'it is not there for this token. Check "metadata-repository"; GITHUB_TOKEN sees no other private repository: ' +
      'use a fine-grained token or a GitHub App token in "github-token"'
    );
  }
  return 'GitHub did not answer as it should; run again later';
}
