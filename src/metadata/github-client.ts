import { Octokit } from 'octokit';
import { type Dispatcher, fetch } from 'undici';
import type { Logger } from '../logger.ts';

/** One request to GitHub takes no longer than this, in milliseconds; a manifest of 5 MB is written in seconds. */
const TIMEOUT = 60_000;
/** A secondary limit that asks for a longer wait than this is an error; seconds. */
const LONGEST_WAIT = 300;
const MOST_WAITS = 5;

export interface GitHubOptions {
  readonly token: string;
  /** `GITHUB_API_URL`; another one on GitHub Enterprise. */
  readonly apiUrl: string;
  readonly dispatcher: Dispatcher;
  readonly logger: Logger;
}

/** Octokit with its retry and throttling plugins: waits as GitHub's limits ask. */
export function createGitHubClient({ token, apiUrl, dispatcher, logger }: GitHubOptions): Octokit {
  const wait = (kind: string) => (seconds: number, _options: unknown, _octokit: unknown, waits: number) => {
    const goesOn = seconds <= LONGEST_WAIT && waits < MOST_WAITS;
    logger.info(`GitHub's ${kind} asks to wait ${seconds} s${goesOn ? '' : ', which is too long'}`);
    return goesOn;
  };
  return new Octokit({
    auth: token,
    baseUrl: apiUrl,
    userAgent: 'gcrxio-sync-action',
    throttle: { onRateLimit: wait('rate limit'), onSecondaryRateLimit: wait('secondary rate limit') },
    log: {
      debug() {},
      info() {},
      warn: (text: string) => logger.debug(text),
      error: (text: string) => logger.debug(text),
    },
    request: {
      fetch: async (url: string, options: Parameters<typeof fetch>[1]) =>
        fetch(url, { ...options, dispatcher, signal: AbortSignal.timeout(TIMEOUT) }),
    },
  });
}
