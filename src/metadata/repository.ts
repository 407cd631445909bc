import { createHash } from 'node:crypto';
import { type Octokit, RequestError } from 'octokit';
import type { Logger } from '../logger.ts';
import type { Sleep } from '../oci/host-gate.ts';
import { MetadataError, classifyWrite, explainRead } from './metadata-error.ts';

/** 20 jobs that write one branch at once get through well before this. */
const MOST_ATTEMPTS = 15;
/** Rate limits that one update waits for. */
const MOST_LIMITS = 5;
/**
 * Octokit spaces a process's writes by a second. A wait that is longer than that comes before the read; a shorter one
 * would let Octokit wait between read and write, while others write.
 */
const FIRST_DELAY = 1000;
/**
 * Jobs that collided try again within this time, then within twice of it, and so on. GitHub takes 80 writes a minute: 20
 * jobs that end at once stay below that, and two that met are soon done.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
const FIRST_SPREAD = 10_000;
const WIDEST_SPREAD = 60_000;
/** The runner kills a cancelled job after ten seconds. */
const HURRIED_SPREAD = 400;
/** Bytes of a file; PUT bodies, base64 of it, work up to about 50 MB. */
const MAX_FILE = 36 * 1000 ** 2;

export interface RepositoryOptions {
  readonly octokit: Octokit;
  /** What writes, without long waits, once the run has no time left. */
  readonly hurried?: { readonly signal: AbortSignal; readonly octokit: Octokit };
  readonly owner: string;
  readonly repo: string;
  /** Absent: the default branch. */
  readonly branch?: string;
  /** Absent: the commit is the token's own, and a bot's stays Verified. */
  readonly committer?: { readonly name: string; readonly email: string };
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly logger: Logger;
}

/** One moment of a file: the SHA is computed from the very bytes. */
interface StoredFile {
  readonly bytes: Uint8Array;
  readonly sha: string;
}

/**
 * The metadata repository, behind GitHub's contents API.
 * https://docs.github.com/en/rest/repos/contents
 */
export class MetadataRepository {
  readonly #options: RepositoryOptions;

  constructor(options: RepositoryOptions) {
    this.#options = options;
  }

  /** `owner/name` */
  get name(): string {
    return `${this.#options.owner}/${this.#options.repo}`;
  }

  /**
   * Makes sure that the repository is there and may be written, as far as GitHub tells without a write.
   *
   * @throws MetadataError with the remedy
   */
  async check(): Promise<void> {
    const { owner, repo } = this.#options;
    const octokit = this.#octokit();
    let archived: boolean;
    try {
      ({ archived } = (await octokit.rest.repos.get({ owner, repo })).data);
    } catch (error) {
      throw explainRead(error, this.name);
    }
    if (!archived) return;
    throw new MetadataError(
      `${this.name} can't be written: the repository is archived; unarchive it, or name another in "metadata-repository"`,
    );
  }

  /**
   * The bytes of a file; undefined when it is not there.
   *
   * @throws MetadataError with the remedy, also when the branch is not there
   */
  async read(path: string): Promise<Uint8Array | undefined> {
    return (await this.#read(path))?.bytes;
  }

  /**
   * Changes a file by reading, changing and writing it, again and again while other jobs write too.
   *
   * @param change makes the new file of the current one. It is called for each try and must find its own work done
   *   when it sees it: a write that timed out may have gone through. Undefined, or the same bytes, leave the file as it
   *   is. What it throws ends the update.
   * @returns false when `change` left the file as it was
   * @throws MetadataError with the remedy
   */
  async update(
    path: string,
    message: string,
    change: (current: Uint8Array | undefined) => Uint8Array | undefined,
  ): Promise<boolean> {
    const { logger } = this.#options;
    /** What a write sent whose outcome is unknown. */
    let sent: Uint8Array | undefined;
    let limits = 0;
    for (let attempt = 0; ; attempt += 1) {
      const current = await this.#read(path);
      if (current && sent && Buffer.from(sent).equals(current.bytes)) return true;
      const next = change(current?.bytes);
      if (!next || (current && Buffer.from(next).equals(current.bytes))) return sent !== undefined;
      if (next.length > MAX_FILE) throw this.#tooLarge(path, next.length);
      try {
        await this.#write(path, message, next, current?.sha);
        return true;
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        const failure = classifyWrite(error, `${this.name}/${path}`);
        if (failure instanceof MetadataError) throw failure;
        if (attempt + 1 >= MOST_ATTEMPTS) throw this.#givenUp(path, error);
        if (failure === 'unknown') sent = next;
        logger.debug(`${path}: ${String(error)}; try ${attempt + 2}`);
        const wait = typeof failure === 'object' ? failure.wait : 0;
        if (wait > 0) {
          limits += 1;
          if (limits > MOST_LIMITS) throw this.#givenUp(path, error);
          logger.info(
            `GitHub's rate limit asks to wait ${Math.ceil(wait / 1000)} s before ${path} is written`,
          );
        }
        await this.#pause(wait, attempt);
      }
    }
  }

  /** Waits until the next try. In a hurry a wait is broken off, and others are short. */
  async #pause(wait: number, attempt: number): Promise<void> {
    const { hurried, sleep, random } = this.#options;
    const spread = Math.min(WIDEST_SPREAD, FIRST_SPREAD * 2 ** attempt);
    if (hurried?.signal.aborted !== true) {
      await sleep(wait + FIRST_DELAY + random() * spread, hurried?.signal).catch(() => undefined);
    } else {
      await sleep(random() * HURRIED_SPREAD);
    }
  }

  async #read(path: string): Promise<StoredFile | undefined> {
    const { branch } = this.#options;
    const octokit = this.#octokit();
    try {
      const { data } = await octokit.request(`GET ${this.#url(path)}`, {
        ...(branch !== undefined && { ref: branch }),
        mediaType: { format: 'raw' },
        // Octokit would decode the body as text; the SHA needs the bytes.
        request: { parseSuccessResponseBody: false },
      });
      const bytes = new Uint8Array(await new Response(data).arrayBuffer());
      return { bytes, sha: gitBlobSha(bytes) };
    } catch (error) {
      const missing = error instanceof RequestError && error.status === 404;
      if (missing && !/no commit found|branch .* not found/i.test(error.message)) return undefined;
      if (!missing) throw explainRead(error, `${this.name}/${path}`);
      throw new MetadataError(
        `${this.name} has no branch ${JSON.stringify(branch)}: create it, or name another in "metadata-branch"`,
        { cause: error },
      );
    }
  }

  async #write(path: string, message: string, bytes: Uint8Array, sha: string | undefined): Promise<void> {
    const { branch, committer } = this.#options;
    const octokit = this.#octokit();
    await octokit.request(`PUT ${this.#url(path)}`, {
      message,
      content: Buffer.from(bytes).toString('base64'),
      ...(sha !== undefined && { sha }),
      ...(branch !== undefined && { branch }),
      ...(committer && { committer, author: committer }),
      // The retry plugin would send a stale SHA again.
      request: { retries: 0 },
    });
  }

  #octokit(): Octokit {
    const { octokit, hurried } = this.#options;
    return hurried?.signal.aborted === true ? hurried.octokit : octokit;
  }

  #url(path: string): string {
    const { owner, repo } = this.#options;
    return `/repos/${owner}/${repo}/contents/${path.split('/').map(encodeURIComponent).join('/')}`;
  }

  #tooLarge(path: string, bytes: number): MetadataError {
    return new MetadataError(
      `${this.name}/${path} would have ${bytes} bytes, more than GitHub takes: mirror fewer images a namespace`,
    );
  }

  #givenUp(path: string, error: unknown): MetadataError {
    const cause = error instanceof Error ? error.message : String(error);
    return new MetadataError(`${this.name}/${path} could not be written in many tries: ${cause}`, {
      cause: error,
    });
  }
}

/** The SHA that git and GitHub give a file of these bytes. https://git-scm.com/book/en/v2/Git-Internals-Git-Objects */
export function gitBlobSha(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
