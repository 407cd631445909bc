import { type Octokit, RequestError } from 'octokit';
import type { Comment, PullRequest } from '../mirror/pull-request.ts';
import { messageOf, printable } from '../oci/errors.ts';

/** Besides bots, whose comments may be updated: people who could edit them anyway. Anyone else may have copied the marker. */
const TRUSTED = new Set(['OWNER', 'MEMBER', 'COLLABORATOR']);

type Place = Pick<PullRequest, 'owner' | 'repo' | 'number'>;

/** Tries to write a comment. Octokit spaces them by three seconds. */
const MAX_TRIES = 3;

/**
 * Keeps one comment per step on a pull request, found again by a marker.
 * https://docs.github.com/en/rest/issues/comments
 */
export class PullRequestComments {
  readonly #octokit: Octokit;

  constructor(octokit: Octokit) {
    this.#octokit = octokit;
  }

  /**
   * Updates the step's comment to `comment`, or writes it when there is none and `comment` has news.
   *
   * @returns why that was not possible, with the remedy
   */
  async keepComment(pullRequest: PullRequest, comment: Comment): Promise<string | undefined> {
    try {
      await this.#keep(pullRequest, comment);
      return undefined;
    } catch (error) {
      const cause = printable(messageOf(error));
      return (
        `The dry run could not be reported in a comment on pull request #${pullRequest.number}; the job summary has all ` +
        'of it. A pull request from a fork can only read; elsewhere set "permissions: pull-requests: write" in the ' +
        `workflow, or comment: false (GitHub says: ${cause})`
      );
    }
  }

  async #keep({ owner, repo, number, step }: PullRequest, { body, isNews }: Comment): Promise<void> {
    const { issues } = this.#octokit.rest;
    const marker = `<!-- gcrxio/sync-action ${step} -->`;
    const text = `${marker}\n${body}`;
    const [first, ...others] = await this.#find({ owner, repo, number }, marker);
    if (first === undefined) {
      if (isNews) await this.#create({ owner, repo, number }, marker, text);
      return;
    }
    if (first.body !== text) await issues.updateComment({ owner, repo, comment_id: first.id, body: text });
    // Two jobs that began at the same time wrote one each.
    for (const { id } of others) await issues.deleteComment({ owner, repo, comment_id: id });
  }

  /** Looks before each retry: the comment may exist though the answer was lost. */
  async #create({ owner, repo, number }: Place, marker: string, body: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        const request = { retries: 0 };
        await this.#octokit.rest.issues.createComment({ owner, repo, issue_number: number, body, request });
        return;
      } catch (error) {
        if (!(error instanceof RequestError) || error.status < 500 || tries === MAX_TRIES) throw error;
        const comments = await this.#find({ owner, repo, number }, marker);
        if (comments.some((comment) => comment.body === body)) return;
      }
    }
  }

  async #find({ owner, repo, number }: Place, marker: string): Promise<{ id: number; body: string }[]> {
    const comments = await this.#octokit.paginate(this.#octokit.rest.issues.listComments, {
      owner,
      repo,
      issue_number: number,
      per_page: 100,
    });
    return comments
      .filter(({ user, author_association: role }) => user?.type === 'Bot' || TRUSTED.has(role))
      .map(({ id, body = '' }) => ({ id, body }))
      .filter(({ body }) => body.startsWith(marker));
  }
}
