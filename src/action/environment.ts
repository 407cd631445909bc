import { readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as core from '@actions/core';

/** The payload of the event that started the workflow; undefined where there is none to be read. */
export function readEvent(): unknown {
  const path = process.env['GITHUB_EVENT_PATH'];
  try {
    return path ? (JSON.parse(readFileSync(path, 'utf8')) as unknown) : undefined;
  } catch (error) {
    core.warning(`The event of GITHUB_EVENT_PATH can't be read: ${String(error)}`);
    return undefined;
  }
}

const GITHUB_API = 'https://api.github.com';

/** GitHub's API, another one on GitHub Enterprise. */
export function apiUrl(): string {
  return process.env['GITHUB_API_URL'] || GITHUB_API;
}

/** Not GitHub Enterprise, whose tokens nobody else takes. */
export function isGitHubDotCom(): boolean {
  return apiUrl() === GITHUB_API;
}

export function dockerConfigFolder(): string {
  return process.env['DOCKER_CONFIG'] || join(homedir(), '.docker');
}

export function tempFolder(): string {
  return process.env['RUNNER_TEMP'] || tmpdir();
}

export function definedEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
