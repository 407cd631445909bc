import { type Octokit, RequestError } from 'octokit';
import type { Comment, CommentPlace } from '../mirror/comment.ts';
import { messageOf, printable } from '../oci/errors.ts';
import type { Sleep } from '../oci/sleep.ts';
import { OWN_RETRIES } from './client.ts';
import { mergeComment } from './comment-parts.ts';
import { classifyFailure } from './request-failure.ts';

/** Besides bots, whose comments may be updated: people who could edit them anyway. Anyone else may have copied the marker. */
const TRUSTED = new Set(['OWNER', 'MEMBER', 'COLLABORATOR']);

/** Twenty jobs that write one comment at the same time are done well before this. */
const MAX_WRITES = 10;
/** A job of a matrix has read its part back this often, after a wait each, before it relies on it. */
const CONFIRMATIONS = 2;
/** The wait before the comment is read again: longer than a job takes from reading it to writing it. */
const WAIT_MS = 2000;
/** Jobs that wrote at the same time read again within this time after that. */
const SPREAD_MS = 4000;
/** A rate limit that asks for a longer wait than this is an error. */
const LONGEST_LIMIT_MS = 60_000;

type Place = Pick<CommentPlace, 'owner' | 'repo' | 'number'>;

interface StoredComment {
  readonly id: number;
  readonly body: string;
}

export interface CommentOptions {
  readonly octokit: Octokit;
  readonly sleep: Sleep;
  readonly random: () => number;
}

/**
 * Keeps one comment per step on a pull request or an issue, found again by a marker. Each job of a matrix has its part of it.
 * https://docs.github.com/en/rest/issues/comments
 */
export class Comments {
  readonly #options: CommentOptions;

  constructor(options: CommentOptions) {
    this.#options = options;
  }

  /**
   * Updates the job's part of the step's comment to `comment`, or writes it when there is none and `comment` has news.
   *
   * @returns why that was not possible, with the remedy
   */
  async keepComment(place: CommentPlace, comment: Comment): Promise<string | undefined> {
    try {
      await this.#keep(place, comment);
      return undefined;
    } catch (error) {
      return `${unwritten(place)} (GitHub says: ${printable(messageOf(error))})`;
    }
  }

  /**
   * Comments have no conditional writes: a job that read before this one wrote may write after it. So a job of a matrix
   * reads the comment again after a while, and merges its part in again if it is missing.
   */
  async #keep(place: CommentPlace, comment: Comment): Promise<void> {
    const { sleep, random } = this.#options;
    const marker = `<!-- gcrxio/sync-action ${place.step} -->`;
    const isShared = place.part.title !== '';
    let writes = 0;
    let confirmations = 0;
    for (;;) {
      const comments = await this.#find(place, marker);
      const bodies = comments.map(({ body }) => body);
      const text = mergeComment(marker, bodies, place.part, comment);
      let waitMs = WAIT_MS;
      if (text === undefined) {
        confirmations += 1;
        if (writes === 0 || confirmations === CONFIRMATIONS) return;
      } else {
        if (writes === MAX_WRITES) throw new Error('other jobs kept writing the comment');
        writes += 1;
        confirmations = 0;
        const problem = await this.#write(place, comments, text).catch((error: unknown) => ({ error }));
        if (!problem && !isShared) return;
        if (problem && writes === MAX_WRITES) throw problem.error;
        if (problem) waitMs += passingWaitMs(problem.error);
      }
      await sleep(waitMs + random() * SPREAD_MS);
    }
  }

  /** Makes `text` the step's only comment. */
  async #write(
    { owner, repo, number }: Place,
    [first, ...others]: readonly StoredComment[],
    text: string,
  ): Promise<undefined> {
    const { issues } = this.#options.octokit.rest;
    // A plugin that tries again would send what is out of date by then.
    const common = { owner, repo, request: OWN_RETRIES };
    if (!first) {
      await issues.createComment({ ...common, issue_number: number, body: text });
      return undefined;
    }
    if (first.body !== text) await issues.updateComment({ ...common, comment_id: first.id, body: text });
    // Jobs that started at the same time wrote one each; `text` has all of their parts.
    for (const { id } of others)
      await issues.deleteComment({ ...common, comment_id: id }).catch(ignoreMissing);
    return undefined;
  }

  /** The step's comments, oldest first. */
  async #find({ owner, repo, number }: Place, marker: string): Promise<StoredComment[]> {
    const { octokit } = this.#options;
    const comments = await octokit.paginate(octokit.rest.issues.listComments, {
      owner,
      repo,
      issue_number: number,
      per_page: 100,
    });
    return comments
      .filter(({ user, author_association: role }) => user?.type === 'Bot' || TRUSTED.has(role))
      .map(({ id, body = '' }) => ({ id, body }))
      .filter(({ body }) => body.startsWith(marker))
      .toSorted((a, b) => a.id - b.id);
  }
}

/** That there is no comment, and what to do about it. */
function unwritten({ kind, number }: CommentPlace): string {
  const place = `${kind} #${number}; the job summary has all of it`;
  if (kind === 'issue') {
    const remedy = 'Set "permissions: issues: write" in the workflow';
    return `The request could not be answered in a comment on ${place}. ${remedy}`;
  }
  return (
    `The dry run could not be reported in a comment on ${place}. A pull request from a fork can only read; elsewhere ` +
    'set "permissions: pull-requests: write" in the workflow, or comment: false'
  );
}

/**
 * How long to wait after a failed write, in milliseconds.
 *
 * @throws the error itself, if another try is of no use
 */
function passingWaitMs(error: unknown): number {
  if (!(error instanceof RequestError)) throw error;
  // Another job deleted the comment, after it had merged it into an older one.
  if (error.status === 404 && error.request.method === 'PATCH') return 0;
  const failure = classifyFailure(error, 'the comment');
  if (failure.kind === 'outcome-unknown') return 0;
  const waitMs =
    failure.kind === 'rate-limited' ? (failure.waitMs ?? LONGEST_LIMIT_MS) : Number.POSITIVE_INFINITY;
  if (waitMs > LONGEST_LIMIT_MS) throw error;
  return waitMs;
}

/** Another job may have deleted a comment first. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof RequestError) || error.status !== 404) throw error;
}
