import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isatty } from 'node:tty';

const GITHUB_API = 'https://api.github.com';

/** The URL of GitHub's API, which is another one on GitHub Enterprise. */
export function apiUrl(): string {
  return process.env['GITHUB_API_URL'] || GITHUB_API;
}

/** False on GitHub Enterprise, whose tokens no other service accepts. */
export function isGitHubDotCom(): boolean {
  return /^https:\/\/api\.github\.com\/*$/i.test(apiUrl());
}

/** True if the log shows ANSI colours: on a terminal, and on GitHub. https://no-color.org */
export function hasColors(): boolean {
  if ((process.env['NO_COLOR'] ?? '') !== '') return false;
  return process.env['GITHUB_ACTIONS'] === 'true' || isatty(1);
}

/**
 * The user's home. A container's user may have none: neither HOME nor an entry in the list of users. Then it is the root folder, as
 * docker sets it, and not the working folder, whose files may be a pull request's.
 */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return resolve('/');
  }
}

/** The folder of the user's docker configuration. */
export function dockerConfigFolder(): string {
  return process.env['DOCKER_CONFIG'] || join(homeFolder(), '.docker');
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
