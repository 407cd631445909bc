import { RequestError } from 'octokit';
import { printable } from '../oci/errors.ts';

/** The metadata repository can't be read or written. Says why and what to do. */
export class MetadataError extends Error {
  override readonly name = 'MetadataError';
}

/**
 * What a failed write means: `again` (another job wrote; read and merge), `unknown` (it may have been done), or
 * that it will never go through.
 */
export type WriteFailure = 'again' | 'unknown' | MetadataError;

/** Reads a failed PUT of contents. GITHUB.md lists the messages; they are the only thing that tells 409s apart. */
export function classifyWrite(error: unknown, where: string): WriteFailure {
  if (!(error instanceof RequestError) || error.status >= 500) return 'unknown';
  const message = printable(error.message);
  const refused = (remedy: string): MetadataError =>
    new MetadataError(`${where} can't be written: ${remedy} (GitHub says: ${message})`, { cause: error });
  switch (error.status) {
    case 409:
      if (/must be made through a pull request|rule violation|protected branch/i.test(message)) {
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

/** A failed read, as an error with its remedy. */
export function explainRead(error: unknown, where: string): MetadataError {
  const message = error instanceof Error ? printable(error.message) : String(error);
  const status = error instanceof RequestError ? error.status : 0;
  return new MetadataError(
    `${where} can't be read: ${remedyFor(status, message)} (GitHub says: ${message})`,
    {
      cause: error,
    },
  );
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
