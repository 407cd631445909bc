import { type Octokit, RequestError } from 'octokit';
import { backoffDelay } from '../oci/http/retry.ts';
import type { Logger } from '../oci/logger.ts';
import type { Sleep } from '../oci/sleep.ts';
import { type RequestFailure, MetadataError, classify, saidBy } from './errors.ts';

/** 20 jobs that write one branch at once get through well before this. */
const MOST_WRITES = 15;
/** What is only read is tried for a quarter of a minute. */
const MOST_READS = 6;
/** Rate limits that one file waits for. */
const MOST_LIMITS = 5;
/**
 * Octokit spaces a process's writes by a second. A wait that is longer than that comes before the read; a shorter one
 * would let Octokit wait between read and write, while others write.
 */
const FIRST_DELAY_MS = 1000;
/**
 * Jobs that collided try again within this time, then within twice of it, and so on. GitHub takes 80 writes a minute: 20
 * jobs that end at once stay below that, also where a write takes a second, and two that met are soon done.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
const FIRST_SPREAD_MS = 20_000;
/** Whether a write was done whose answer was lost is known sooner. */
const UNKNOWN_SPREAD_MS = 2000;
const WIDEST_SPREAD_MS = 60_000;
/** The runner kills a cancelled job after ten seconds. */
const SHUTDOWN_SPREAD_MS = 400;

/** How it goes on once the run has no time left. */
export interface ShutdownMode {
  /** Aborted then. */
  readonly signal: AbortSignal;
  /** Writes without long waits. */
  readonly octokit: Octokit;
  /** Aborted when not even that is tried any more. */
  readonly end: AbortSignal;
}

export interface GitHubRetryOptions {
  readonly shutdown?: ShutdownMode;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Asks GitHub again while it fails in a way that passes, with the waits that it asks for. */
export class GitHubRetry {
  readonly #options: GitHubRetryOptions;
  /** GitHub failed one file to the end: others, of which there may be a hundred, get one try each until one succeeds. */
  #isFailing = false;

  constructor(options: GitHubRetryOptions) {
    this.#options = options;
  }

  /**
   * @param where what `work` is about: `owner/name`, or a path in it
   * @throws MetadataError with the remedy, and whatever else `work` throws
   */
  async read<T>(where: string, work: () => Promise<T>): Promise<T> {
    return this.#persist(where, MOST_READS, (attempt) => backoffDelay(attempt, this.#options.random), work);
  }

  /** As `read`, but patient: what `work` would write can't be had again. */
  async write<T>(where: string, work: () => Promise<T>): Promise<T> {
    const delay = (attempt: number, failure: RequestFailure): number => {
      const first = failure === 'unknown' ? UNKNOWN_SPREAD_MS : FIRST_SPREAD_MS;
      return FIRST_DELAY_MS + this.#options.random() * Math.min(WIDEST_SPREAD_MS, first * 2 ** attempt);
    };
    return this.#persist(where, MOST_WRITES, delay, work);
  }

  async #persist<T>(
    where: string,
    most: number,
    delay: (attempt: number, failure: RequestFailure) => number,
    work: () => Promise<T>,
  ): Promise<T> {
    const { logger, shutdown } = this.#options;
    let limits = 0;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const done = await work();
        this.#isFailing = false;
        return done;
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        const failure = classify(error, where, limits);
        if (failure instanceof MetadataError) throw failure;
        if (failure === 'collided') this.#isFailing = false;
        const wait = typeof failure === 'object' ? failure.wait : 0;
        if (wait > 0) {
          limits += 1;
          logger.info(`${where}: GitHub's rate limit asks to wait ${Math.ceil(wait / 1000)} s`);
        }
        const isLast = attempt + 1 >= (this.#isFailing ? 1 : most) || limits > MOST_LIMITS;
        if (!isLast) await this.#pause(wait, delay(attempt, failure));
        if (isLast || shutdown?.end.aborted === true) {
          this.#isFailing = failure !== 'collided';
          throw givenUp(where, attempt + 1, error);
        }
        logger.debug(`${where}: ${saidBy(error)}; try ${attempt + 2}`);
      }
    }
  }

  /** Waits until the next try. In a hurry that is soon, unless a limit says that it is of no use. */
  async #pause(wait: number, delay: number): Promise<void> {
    const { shutdown, sleep, random } = this.#options;
    const pause =
      shutdown?.signal.aborted === true
        ? sleep(wait + random() * SHUTDOWN_SPREAD_MS, shutdown.end)
        : sleep(wait + delay, shutdown?.signal);
    await pause.catch(() => undefined);
  }
}

function givenUp(where: string, tries: number, error: RequestError): MetadataError {
  const verb = error.request.method === 'PUT' ? 'written' : 'read';
  const times = tries === 1 ? 'once' : `${tries} times`;
  return new MetadataError(`${where} could not be ${verb}, tried ${times}: ${saidBy(error)}`, {
    cause: error,
  });
}
