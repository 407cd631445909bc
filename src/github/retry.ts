import { type Octokit, RequestError } from 'octokit';
import type { Logger } from '../oci/logger.ts';
import type { Sleep } from '../oci/sleep.ts';
import { MetadataError, describeAnswer } from './errors.ts';
import { classifyFailure, limitError } from './request-failure.ts';
import {
  type RetryPolicy,
  type RetryableFailure,
  READ_POLICY,
  decideRetry,
  limitWaitMs,
  writePolicy,
} from './retry-policy.ts';
import type { WriteSession } from './write-session.ts';

/** How requests are sent once the run has no time left. */
export interface ShutdownMode {
  /** Aborted when the run has no time left. */
  readonly signal: AbortSignal;
  /** Writes without long waits. */
  readonly octokit: Octokit;
  /** Aborted when recording has no time left either. */
  readonly end: AbortSignal;
  /** Milliseconds until `end`. */
  readonly timeLeftMs: () => number;
}

export interface GitHubRetryOptions {
  readonly shutdown?: ShutdownMode;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly logger: Logger;
  /** Number of jobs in the matrix, which write to the same branch. Default: 1. */
  readonly jobs?: number;
}

/**
 * GitHub sometimes refuses a valid token for a moment, one of an App above all. It is believed when it does so this often in a row.
 * https://github.com/octokit/auth-app.js/issues/65
 */
const MAX_REFUSALS = 4;

/** Repeats requests to GitHub that fail in a way that may pass, after the waits that GitHub asks for. */
export class GitHubRetry {
  readonly #options: GitHubRetryOptions;
  /** One file could not be read: other files get one try each until one succeeds. */
  readonly #reads = { isFailing: false };
  /** The token is not valid, as far as the last requests say. */
  #isTokenRefused = false;

  constructor(options: GitHubRetryOptions) {
    this.#options = options;
  }

  /**
   * @param where what `work` is about: `owner/name`, or a path in it
   * @throws MetadataError with the remedy, and whatever else `work` throws
   */
  async read<T>(where: string, work: () => Promise<T>): Promise<T> {
    return this.#retry(where, READ_POLICY, this.#reads, work);
  }

  /** As `read`, with the patience of what is written. */
  async write<T>(where: string, session: WriteSession, work: () => Promise<T>): Promise<T> {
    return this.#retry(where, writePolicy(session.kind, this.#options.jobs ?? 1), session, work);
  }

  async #retry<T>(
    where: string,
    policy: RetryPolicy,
    session: { isFailing: boolean },
    work: () => Promise<T>,
  ): Promise<T> {
    const { logger, random, shutdown } = this.#options;
    let limits = 0;
    let refusals = 0;
    for (let tries = 1; ; tries += 1) {
      try {
        const done = await work();
        session.isFailing = false;
        this.#isTokenRefused = false;
        return done;
      } catch (caught) {
        refusals = isUnauthorized(caught) ? refusals + 1 : 0;
        if (refusals === MAX_REFUSALS) this.#isTokenRefused = true;
        const { failure, error } = retryable(caught, where, this.#isTokenRefused);
        if (failure.kind === 'conflict') session.isFailing = false;
        if (failure.kind === 'rate-limited' && failure.waitMs !== 0) limits += 1;
        const timeLeftMs = shutdown?.timeLeftMs() ?? Number.POSITIVE_INFINITY;
        const state = { tries, limits, isFailing: session.isFailing, timeLeftMs };
        const decision = decideRetry(failure, state, policy, random);
        if (decision.kind === 'limit-too-long') throw limitError(error, where, decision.waitMs);
        if (decision.kind === 'wait') {
          this.#logLimit(where, limitWaitMs(failure, limits));
          await this.#pause(decision.delayMs);
        }
        if (decision.kind === 'give-up' || shutdown?.end.aborted === true) {
          session.isFailing = failure.kind !== 'conflict';
          throw givenUp(where, tries, error);
        }
        logger.debug(`${where}: ${describeAnswer(error)}; try ${tries + 1}`);
      }
    }
  }

  #logLimit(where: string, waitMs: number): void {
    if (waitMs <= 0) return;
    this.#options.logger.info(`${where}: GitHub's rate limit asks to wait ${Math.ceil(waitMs / 1000)} s`);
  }

  /** Waits until the next try. The end of the run's time ends a wait that began before it. */
  async #pause(delayMs: number): Promise<void> {
    const { shutdown, sleep } = this.#options;
    const end = shutdown?.signal.aborted === true ? shutdown.end : shutdown?.signal;
    await sleep(delayMs, end).catch(() => undefined);
  }
}

/** @throws what can't be retried: the error itself, or a MetadataError with the remedy */
function retryable(
  error: unknown,
  where: string,
  isTokenRefused: boolean,
): { failure: RetryableFailure; error: RequestError } {
  if (!(error instanceof RequestError)) throw error;
  const failure = classifyFailure(error, where);
  if (failure.kind !== 'refused') return { failure, error };
  if (isTokenRefused || !isUnauthorized(error)) throw failure.error;
  return { failure: { kind: 'outcome-unknown' }, error };
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof RequestError && error.status === 401;
}

function givenUp(where: string, tries: number, error: RequestError): MetadataError {
  const verb = error.request.method === 'PUT' ? 'written' : 'read';
  const times = tries === 1 ? 'once' : `${tries} times`;
  return new MetadataError(`${where} could not be ${verb}, tried ${times}: ${describeAnswer(error)}`, {
    cause: error,
    kind: 'given-up',
  });
}
