import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { isatty } from 'node:tty';

const GITHUB_API = 'https://api.github.com';

/** The URL of GitHub's API, which is another one on GitHub Enterprise. */
export function apiUrl(): string {
  return process.env['GITHUB_API_URL'] || GITHUB_API;
}

/** False on GitHub Enterprise, whose tokens no other service accepts. */
export function isGitHubDotCom(): boolean {
  return apiUrl() === GITHUB_API;
}

/** True if the log shows ANSI colours: on a terminal, and on GitHub. https://no-color.org */
export function hasColors(): boolean {
  if ((process.env['NO_COLOR'] ?? '') !== '') return false;
  return process.env['GITHUB_ACTIONS'] === 'true' || isatty(1);
}

/** The folder of the user's docker configuration. */
export function dockerConfigFolder(): string {
  return process.env['DOCKER_CONFIG'] || join(homedir(), '.docker');
}

/** The folder for temporary files, which the runner empties after each job. */
export function tempFolder(): string {
  return process.env['RUNNER_TEMP'] || tmpdir();
}

/** The environment for child processes. */
export function definedEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
