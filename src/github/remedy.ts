/** https://docs.github.com/en/authentication/managing-commit-signature-verification/about-commit-signature-verification#signature-verification-for-bots */
export const SIGNED_COMMITS_REMEDY =
  'this branch requires signed commits. GitHub signs the commits of GITHUB_TOKEN and of GitHub Apps, but only without ' +
  '"committer": remove that input; or record in another "metadata-branch"';

/** What to do when GitHub refuses a write with this status and message. */
export function remedyForWrite(status: number, message: string): string {
  switch (status) {
    case 409:
      if (/signature|signed/i.test(message)) return SIGNED_COMMITS_REMEDY;
      return 'its branch is protected; let the token bypass the rule, or record in another "metadata-branch"';
    case 422:
      return 'GitHub does not accept the request';
    case 404:
      return /branch .* not found/i.test(message)
        ? 'the branch does not exist; create it, or name another in "metadata-branch"'
        : 'this token can\'t see it; "github-token" needs permission "contents: write" on it';
    default:
      return remedyForRead(status, message);
  }
}

/** What to do when GitHub refuses a read, or any request, with this status and message. */
export function remedyForRead(status: number, message: string): string {
  if (/archived/i.test(message))
    return 'the repository is archived; unarchive it, or name another in "metadata-repository"';
  if (/not accessible by/i.test(message) || status === 403) {
    return (
      '"github-token" lacks the permission. For this repository set "permissions: contents: write" in the workflow; for ' +
      'another one use a fine-grained token or a GitHub App token. A pull request from a fork can only read'
    );
  }
  if (status === 401) {
    return (
      '"github-token" is not valid, or has expired: the token of a GitHub App is valid for an hour, and a "time-limit" ' +
      'ends a run before that'
    );
  }
  if (status === 404) {
    return (
      'this token can\'t see it. Check "metadata-repository"; GITHUB_TOKEN sees no other private repository: ' +
      'use a fine-grained token or a GitHub App token in "github-token"'
    );
  }
  return 'GitHub did not answer as expected; run again later';
}
