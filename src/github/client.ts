import { Octokit } from 'octokit';
import { type Dispatcher, Response, fetch } from 'undici';
import { proxyErrorOf } from '../oci/http/proxy-error.ts';
import type { Logger } from '../oci/logger.ts';
import { ReadAnswer } from './read-answer.ts';
import { writePace } from './write-pace.ts';

/** The longest that one request to GitHub may take; a manifest of 5 MB is written in seconds. */
const TIMEOUT_MS = 60_000;
/** A secondary limit that asks for a longer wait is an error. */
const LONGEST_WAIT_SECONDS = 300;
const MAX_WAITS = 5;

export interface GitHubOptions {
  readonly token: string;
  /** `GITHUB_API_URL`, which differs on GitHub Enterprise. */
  readonly apiUrl: string;
  readonly dispatcher: Dispatcher;
  readonly logger: Logger;
  /** Whether writes are spaced, as GitHub asks; a cancelled run has no time for that. Default: true. */
  readonly spaced?: boolean;
  /** Number of jobs that write to the same branch. Default: 1 */
  readonly jobs?: number;
  /** Ends all requests, also those in progress. */
  readonly signal?: AbortSignal;
  /** Milliseconds that one request may take, the answer's body included. */
  readonly timeout?: number;
}

/** Options of a request that its caller retries: the plugins don't retry it. */
export const OWN_RETRIES = { retries: 0, waits: 0 } as const;

/** A request that met a rate limit. */
interface LimitedRequest {
  readonly request?: { readonly waits?: number };
}

/** Octokit with its retry and throttling plugins, which wait as GitHub's limits ask. */
export function createGitHubClient({
  token,
  apiUrl,
  dispatcher,
  logger,
  spaced = true,
  jobs = 1,
  signal,
  timeout = TIMEOUT_MS,
}: GitHubOptions): Octokit {
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
    auth: token,
    baseUrl: apiUrl,
    userAgent: 'gcrxio-sync-action',
    throttle: {
      enabled: spaced,
      write: writePace(jobs),
      onRateLimit: wait('rate limit'),
      onSecondaryRateLimit: wait('secondary rate limit'),
    },
    // The plugin's own list, and 407: a proxy that refuses.
    retry: { doNotRetry: [400, 401, 403, 404, 407, 410, 422, 451] },
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
  });
}

/** A proxy's refusal as an answer. Thrown as an error, it would be retried like a fault of the network. */
function proxyRefusal(error: unknown): Response {
  const refusal = proxyErrorOf(error);
  if (!refusal || refusal.retryable) throw error;
  return Response.json({ message: refusal.message }, { status: 407 });
}
