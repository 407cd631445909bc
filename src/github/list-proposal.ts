import { type Octokit, RequestError } from 'octokit';
import type { CommentPlace } from '../mirror/comment.ts';
import { describeAnswer } from './errors.ts';
import { classifyFailure } from './request-failure.ts';

/** A change of one file that a pull request proposes. */
export interface ListChange {
  /** Path in the repository of the issue. */
  readonly path: string;
  readonly title: string;
  readonly body: string;
  /** The text that the file should have; undefined if it has all of it. It may be called several times. */
  readonly update: (text: string) => string | undefined;
}

/** Somebody else may write to the branch at the same time. */
const MAX_WRITES = 3;

type Place = Pick<CommentPlace, 'owner' | 'repo' | 'number'>;

interface StoredFile {
  readonly text: string;
  /** Absent if there is no such file. */
  readonly sha?: string;
}

/**
 * Keeps one pull request per issue that changes a list. It never pushes to the default branch.
 * https://docs.github.com/en/rest/pulls/pulls
 */
export class ListProposals {
  readonly #octokit: Octokit;

  constructor(octokit: Octokit) {
    this.#octokit = octokit;
  }

  /**
   * Proposes a change, or updates the pull request that proposes it.
   *
   * @returns the page of the pull request; undefined if the default branch has the change
   * @throws Error with the remedy
   */
  async propose(place: Place, change: ListChange): Promise<string | undefined> {
    try {
      return await this.#propose(place, change);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const answer = describeAnswer(error);
      throw new Error(`${remedyFor(error)} (GitHub says: ${answer})`, { cause: error });
    }
  }

  async #propose(place: Place, change: ListChange): Promise<string | undefined> {
    const { owner, repo, number } = place;
    const { rest } = this.#octokit;
    const { data } = await rest.repos.get({ owner, repo });
    const base = data.default_branch;
    const current = await this.#read(place, change.path, base);
    if (change.update(current.text) === undefined) return undefined;
    const branch = `sync-action/request-${number}`;
    const open = await this.#findPull(place, branch);
    if (open === undefined) await this.#startBranch(place, branch, base);
    await this.#commit(place, branch, change);
    return open ?? this.#openPull(place, branch, base, change);
  }

  /** The page of the open pull request. */
  async #findPull({ owner, repo }: Place, branch: string): Promise<string | undefined> {
    const { pulls } = this.#octokit.rest;
    const { data } = await pulls.list({ owner, repo, head: `${owner}:${branch}`, state: 'open' });
    return data.find(({ head }) => head.ref === branch)?.html_url;
  }

  /** The page of the new pull request. */
  async #openPull(place: Place, head: string, base: string, { title, body }: ListChange): Promise<string> {
    const { owner, repo } = place;
    try {
      const { data } = await this.#octokit.rest.pulls.create({ owner, repo, head, base, title, body });
      return data.html_url;
    } catch (error) {
      const existing = isExisting(error) ? await this.#findPull(place, head) : undefined;
      if (existing === undefined) throw error;
      return existing;
    }
  }

  /** A branch without a pull request is left from one that was merged or closed: it starts again. */
  async #startBranch({ owner, repo }: Place, branch: string, base: string): Promise<void> {
    const { git } = this.#octokit.rest;
    const { data } = await git.getRef({ owner, repo, ref: `heads/${base}` });
    const { sha } = data.object;
    const exists = await git
      .getRef({ owner, repo, ref: `heads/${branch}` })
      .then(() => true)
      .catch(falseIfMissing);
    if (exists) await git.updateRef({ owner, repo, ref: `heads/${branch}`, sha, force: true });
    else await git.createRef({ owner, repo, ref: `refs/heads/${branch}`, sha }).catch(ignoreExisting);
  }

  async #commit(place: Place, branch: string, { path, title, update }: ListChange): Promise<void> {
    const { owner, repo } = place;
    for (let writes = 1; ; writes += 1) {
      const { text, sha } = await this.#read(place, path, branch);
      const wanted = update(text);
      if (wanted === undefined) return;
      const content = Buffer.from(wanted).toString('base64');
      try {
        await this.#octokit.rest.repos.createOrUpdateFileContents({
          owner,
          repo,
          path,
          branch,
          message: title,
          content,
          ...(sha !== undefined && { sha }),
        });
        return;
      } catch (error) {
        if (!hasChanged(error, path) || writes === MAX_WRITES) throw error;
      }
    }
  }

  async #read({ owner, repo }: Place, path: string, branch: string): Promise<StoredFile> {
    try {
      const { data } = await this.#octokit.rest.repos.getContent({ owner, repo, path, ref: branch });
      if (Array.isArray(data) || data.type !== 'file') throw new Error(`${path} is not a file`);
      if (data.encoding !== 'base64') throw new Error(`${path} is larger than 1 MB: add the images by hand`);
      const bytes = Buffer.from(data.content, 'base64');
      return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), sha: data.sha };
    } catch (error) {
      if (error instanceof RequestError && error.status === 404) return { text: '' };
      throw error;
    }
  }
}

/** True when the file changed since it was read, also by an earlier try of this write, whose answer was lost. */
function hasChanged(error: unknown, path: string): boolean {
  if (!(error instanceof RequestError)) return false;
  return error.status === 409 || classifyFailure(error, path).kind === 'conflict';
}

/** True when there is already what was to be created: by an earlier try, whose answer was lost. */
function isExisting(error: unknown): boolean {
  return error instanceof RequestError && error.status === 422 && /already exists/i.test(error.message);
}

function ignoreExisting(error: unknown): void {
  if (!isExisting(error)) throw error;
}

function falseIfMissing(error: unknown): false {
  if (error instanceof RequestError && error.status === 404) return false;
  throw error;
}

function remedyFor({ message, status }: RequestError): string {
  if (/not permitted to create or approve pull requests/i.test(message))
    return 'allow it in the settings of the repository: Actions, General, "Allow GitHub Actions to create and approve pull requests"';
  if (status === 403 || status === 404)
    return 'set "permissions: contents: write" and "pull-requests: write" in the workflow';
  return 'GitHub did not answer as expected; remove the label and add it again later';
}
