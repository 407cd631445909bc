import type Bottleneck from 'bottleneck';
import { Octokit } from 'octokit';
import pLimit from 'p-limit';
import { type Dispatcher, Response, fetch } from 'undici';
import { proxyErrorOf } from '../oci/http/proxy-error.ts';
import type { Logger } from '../oci/logger.ts';
import { ReadAnswer } from './read-answer.ts';

/** The longest that one request to GitHub may take; a manifest of 5 MB is written in seconds. */
const TIMEOUT_MS = 60_000;
/** A secondary limit that asks for a longer wait is an error. */
const LONGEST_WAIT_SECONDS = 300;
const MAX_WAITS = 5;
/** Requests that a direct client sends at the same time; Octokit's throttling plugin has the same limit. */
const MOST_AT_A_TIME = 10;

export interface GitHubOptions {
  readonly token: string;
  /** `GITHUB_API_URL`, which differs on GitHub Enterprise. */
  readonly apiUrl: string;
  readonly dispatcher: Dispatcher;
  readonly logger: Logger;
  /** Spaces writes, as GitHub asks. All clients of a run share it. Absent: a cancelled run has no time for that. */
  readonly pace?: Bottleneck.Group;
  /** Ends all requests, also those in progress. */
  readonly signal?: AbortSignal;
  /** Milliseconds that one request may take, the answer's body included. */
  readonly timeout?: number;
}

/** Options of a request that its caller retries: the plugins don't retry it. */
export const OWN_RETRIES = { retries: 0, waits: 0 } as const;

/** Under this name the clients of a run share its pace. */
const PACED_AS = 'run';

/** A request that met a rate limit. */
interface LimitedRequest {
  readonly request?: { readonly waits?: number };
}

/** Octokit with its retry and throttling plugins, which wait as GitHub's limits ask. */
export function createGitHubClient(options: GitHubOptions): Octokit {
  const { logger, pace } = options;
  const wait =
    (kind: string) =>
    (seconds: number, { request }: LimitedRequest, _octokit: unknown, waits: number) => {
      const most = request?.waits ?? MAX_WAITS;
      if (most === 0) return false;
      const willWait = seconds <= LONGEST_WAIT_SECONDS && waits < most;
      logger.info(`GitHub's ${kind} asks to wait ${seconds} s${willWait ? '' : ', which is too long'}`);
      return willWait;
    };
  return new Octokit({
    ...commonOptions(options),
    throttle: {
      enabled: pace !== undefined,
      id: PACED_AS,
      ...(pace && { write: pace }),
      onRateLimit: wait('rate limit'),
      onSecondaryRateLimit: wait('secondary rate limit'),
    },
    // The plugin's own list, and 407: a proxy that refuses.
    retry: { doNotRetry: [400, 401, 403, 404, 407, 410, 422, 451] },
  });
}

/**
 * Octokit for callers that retry all their requests: without the plugins, whose queues take longer than GitHub's answer. Writes keep
 * the pace all the same.
 */
export function createDirectClient(options: GitHubOptions): Octokit {
  const { pace } = options;
  const limit = pLimit(MOST_AT_A_TIME);
  const octokit = new Octokit({
    ...commonOptions(options),
    throttle: { enabled: false },
    retry: { enabled: false },
  });
  octokit.hook.wrap('request', async (request, { ...given }) => {
    if (pace && given.method !== 'GET') await pace.key(PACED_AS).schedule(async () => undefined);
    return limit(async () => request(given));
  });
  return octokit;
}

function commonOptions({
  token,
  apiUrl,
  dispatcher,
  logger,
  signal,
  timeout = TIMEOUT_MS,
}: GitHubOptions): NonNullable<ConstructorParameters<typeof Octokit>[0]> {
  return {
    auth: token,
    baseUrl: apiUrl,
    userAgent: 'gcrxio-sync-action',
    log: {
      debug() {},
      info() {},
      warn: (text: string) => logger.debug(text),
      error: (text: string) => logger.debug(text),
    },
    request: {
      fetch: async (url: string, options: Parameters<typeof fetch>[1]) => {
        const ends = [AbortSignal.timeout(timeout), ...(signal ? [signal] : [])];
        const answered = fetch(url, { ...options, dispatcher, signal: AbortSignal.any(ends) });
        const answer = await answered.catch(proxyRefusal);
        // Read here, so that a broken body fails the request, which the retry plugin then sends again.
        return new ReadAnswer(answer, new Uint8Array(await answer.arrayBuffer()));
      },
    },
  };
}

/** A proxy's refusal as an answer. Thrown as an error, it would be retried like a fault of the network. */
function proxyRefusal(error: unknown): Response {
  const refusal = proxyErrorOf(error);
  if (!refusal || refusal.retryable) throw error;
  return Response.json({ message: refusal.message }, { status: 407 });
}
