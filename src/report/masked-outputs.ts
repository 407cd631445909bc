import type { Credential } from '../oci/auth/credentials.ts';

/**
 * Warns if GitHub is going to drop an output for other jobs, because it contains what GitHub masks: each line of a secret.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idoutputs
 *
 * @param output the output's name
 * @param credentials those of the inputs; their secrets are not shown
 */
export function warnOfMaskedOutput(
  output: string,
  value: string,
  credentials: readonly Credential[],
): string[] {
  return credentials.flatMap(({ username, password, providedBy }) => {
    const lines = password.split(/\r?\n/).filter((line) => line !== '');
    if (lines.some((line) => value.includes(line))) {
      return [
        `GitHub drops the output "${output}" for other jobs, because it contains a line of the secret from ${providedBy}: of a ` +
          'secret of several lines each line is masked, a lone "{" too. Store the secret on one line; for a JSON key, take the ' +
          'output of "jq -c . key.json"',
      ];
    }
    if (username === '' || !value.includes(username)) return [];
    return [
      `The output "${output}" contains the user name from ${providedBy}. If that is stored as a secret, GitHub drops the output ` +
        'for other jobs: store it as a variable instead, and use "vars" in place of "secrets"',
    ];
  });
}
