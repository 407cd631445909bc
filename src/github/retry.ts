import { type Octokit, RequestError } from 'octokit';
import type { Logger } from '../oci/logger.ts';
import type { Sleep } from '../oci/sleep.ts';
import { MetadataError, describeAnswer } from './errors.ts';
import { classifyFailure, limitError } from './request-failure.ts';
import {
  type RetryPolicy,
  type RetryableFailure,
  READ_POLICY,
  WRITE_POLICY,
  decideRetry,
  limitWaitMs,
} from './retry-policy.ts';

/** How requests are sent once the run has no time left. */
export interface ShutdownMode {
  /** Aborted when the run has no time left. */
  readonly signal: AbortSignal;
  /** Writes without long waits. */
  readonly octokit: Octokit;
  /** Aborted when recording has no time left either. */
  readonly end: AbortSignal;
}

export interface GitHubRetryOptions {
  readonly shutdown?: ShutdownMode;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Repeats requests to GitHub that fail in a way that may pass, after the waits that GitHub asks for. */
export class GitHubRetry {
  readonly #options: GitHubRetryOptions;
  /** One file was given up: other files, of which there may be a hundred, get one try each until one succeeds. */
  #isFailing = false;

  constructor(options: GitHubRetryOptions) {
    this.#options = options;
  }

  /**
   * @param where what `work` is about: `owner/name`, or a path in it
   * @throws MetadataError with the remedy, and whatever else `work` throws
   */
  async read<T>(where: string, work: () => Promise<T>): Promise<T> {
    return this.#retry(where, READ_POLICY, work);
  }

  /** As `read`, but patient: what `work` would write can't be found out again. */
  async write<T>(where: string, work: () => Promise<T>): Promise<T> {
    return this.#retry(where, WRITE_POLICY, work);
  }

  async #retry<T>(where: string, policy: RetryPolicy, work: () => Promise<T>): Promise<T> {
    const { logger, random } = this.#options;
    let limits = 0;
    for (let tries = 1; ; tries += 1) {
      try {
        const done = await work();
        this.#isFailing = false;
        return done;
      } catch (caught) {
        const { failure, error } = retryable(caught, where);
        if (failure.kind === 'conflict') this.#isFailing = false;
        if (failure.kind === 'rate-limited' && failure.waitMs !== 0) limits += 1;
        const state = { tries, limits, isFailing: this.#isFailing, isShutdown: this.#isShutdown() };
        const decision = decideRetry(failure, state, policy, random);
        if (decision.kind === 'limit-too-long') throw limitError(error, where, decision.waitMs);
        if (decision.kind === 'wait') {
          this.#logLimit(where, limitWaitMs(failure, limits));
          await this.#pause(decision.delayMs);
        }
        if (decision.kind === 'give-up' || this.#options.shutdown?.end.aborted === true) {
          this.#isFailing = failure.kind !== 'conflict';
          throw givenUp(where, tries, error);
        }
        logger.debug(`${where}: ${describeAnswer(error)}; try ${tries + 1}`);
      }
    }
  }

  #isShutdown(): boolean {
    return this.#options.shutdown?.signal.aborted === true;
  }

  #logLimit(where: string, waitMs: number): void {
    if (waitMs <= 0) return;
    this.#options.logger.info(`${where}: GitHub's rate limit asks to wait ${Math.ceil(waitMs / 1000)} s`);
  }

  /** Waits until the next try. The end of the run's time ends a wait that began before it. */
  async #pause(delayMs: number): Promise<void> {
    const { shutdown, sleep } = this.#options;
    const end = this.#isShutdown() ? shutdown?.end : shutdown?.signal;
    await sleep(delayMs, end).catch(() => undefined);
  }
}

/** @throws what can't be retried: the error itself, or a MetadataError with the remedy */
function retryable(error: unknown, where: string): { failure: RetryableFailure; error: RequestError } {
  if (!(error instanceof RequestError)) throw error;
  const failure = classifyFailure(error, where);
  if (failure.kind === 'refused') throw failure.error;
  return { failure, error };
}

function givenUp(where: string, tries: number, error: RequestError): MetadataError {
  const verb = error.request.method === 'PUT' ? 'written' : 'read';
  const times = tries === 1 ? 'once' : `${tries} times`;
  return new MetadataError(`${where} could not be ${verb}, tried ${times}: ${describeAnswer(error)}`, {
    cause: error,
  });
}
