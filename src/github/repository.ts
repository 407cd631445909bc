import { type Octokit, RequestError } from 'octokit';
import * as v from 'valibot';
import type { Commit } from '../mirror/result.ts';
import { MetadataError } from './errors.ts';
import { gitBlobSha } from './git-blob-sha.ts';
import { ReplacedFiles } from './replaced-files.ts';
import { isOutcomeUnknown } from './request-failure.ts';
import { type GitHubRetryOptions, GitHubRetry } from './retry.ts';
import { WriteSession } from './write-session.ts';

/** GitHub accepts PUT bodies, the base64 of a file, up to about 50 MB. */
const MAX_FILE_BYTES = 36 * 1000 ** 2;
/** How often a file is read again that seems to be from before a write of this job: for up to half a minute. */
const MAX_OUTDATED_READS = 4;

export interface RepositoryOptions extends GitHubRetryOptions {
  /** A direct client: a plugin that retries, or waits for a limit, would send a stale SHA. */
  readonly octokit: Octokit;
  readonly owner: string;
  readonly repo: string;
  /** Absent: the default branch. */
  readonly branch?: string;
  /** Absent: the commit is the token's own, and a bot's stays Verified. */
  readonly committer?: { readonly name: string; readonly email: string };
  /** Called for each commit whose page GitHub names. */
  readonly onCommit?: (commit: Commit) => void;
}

/** The part of the answer to a write that identifies the file's new content. */
const Written = v.object({
  content: v.object({ sha: v.string() }),
  commit: v.optional(v.object({ html_url: v.optional(v.string()) })),
});

/** The files of a commit. https://docs.github.com/en/rest/git/trees#get-a-tree */
const Tree = v.object({
  tree: v.array(v.object({ path: v.string(), type: v.string(), sha: v.string() })),
  truncated: v.optional(v.boolean()),
});

/** A file as it was read. The SHA is computed from these bytes, so that both belong together. */
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
  readonly #retry: GitHubRetry;
  readonly #replaced = new ReplacedFiles();
  #checked: Promise<void> | undefined;

  constructor(options: RepositoryOptions) {
    this.#options = options;
    this.#retry = new GitHubRetry(options);
  }

  /** `owner/name` */
  get name(): string {
    return `${this.#options.owner}/${this.#options.repo}`;
  }

  /**
   * Checks that the repository exists and can be read; `WriteAccess` checks whether it can be written. A success is kept:
   * however often this is called then, it takes one request.
   *
   * @throws MetadataError with the remedy
   */
  async check(): Promise<void> {
    return (this.#checked ??= this.#check());
  }

  async #check(): Promise<void> {
    const { owner, repo } = this.#options;
    try {
      await this.#retry.read(this.name, async () => this.#octokit().rest.repos.get({ owner, repo }));
    } catch (error) {
      this.#checked = undefined;
      throw error;
    }
  }

  /**
   * The bytes of a file; undefined when it does not exist, or the token can't see the repository.
   *
   * @throws MetadataError with the remedy, also when the branch does not exist
   */
  async read(path: string): Promise<Uint8Array | undefined> {
    return (await this.#retry.read(this.#where(path), async () => this.#get(path)))?.bytes;
  }

  /**
   * All files of the branch: the SHA that git gives their content, by path. It takes one request. None while the repository
   * or the branch is empty.
   *
   * @throws MetadataError with the remedy, also when GitHub does not list all files
   */
  async listFiles(): Promise<ReadonlyMap<string, string>> {
    return this.#retry.read(this.name, async () => this.#listFiles());
  }

  async #listFiles(): Promise<ReadonlyMap<string, string>> {
    const { owner, repo, branch = 'HEAD' } = this.#options;
    const url = `/repos/${owner}/${repo}/git/trees/${encodeURIComponent(branch)}`;
    try {
      const { data } = await this.#octokit().request(`GET ${url}`, { recursive: '1' });
      const { tree, truncated } = v.parse(Tree, data);
      if (truncated === true) throw this.#tooManyFiles();
      return new Map(tree.filter(({ type }) => type === 'blob').map(({ path, sha }) => [path, sha]));
    } catch (error) {
      if (error instanceof RequestError && (error.status === 404 || error.status === 409)) return new Map();
      if (error instanceof v.ValiError) throw unexpectedAnswer('a list of files', 'GET', url);
      throw error;
    }
  }

  /**
   * Reads a file, changes it and writes it. When another job wrote in between, it starts again.
   *
   * @param change returns the new file for the current one. It is called once per try and must recognize its own
   *   change: a write that timed out may have been done. Undefined, or the same bytes, leave the file as it is. An error
   *   that it throws ends the update.
   * @param session the save that this write belongs to. Default: one of its own
   * @returns false when `change` left the file as it was
   * @throws MetadataError with the remedy
   */
  async update(
    path: string,
    message: string,
    change: (current: Uint8Array | undefined) => Uint8Array | undefined | Promise<Uint8Array | undefined>,
    session = new WriteSession('announcement'),
  ): Promise<boolean> {
    /** The bytes of a write whose outcome is unknown. */
    let sent: Uint8Array | undefined;
    let outdatedReads = 0;
    return this.#retry.write(this.#where(path), session, async () => {
      const current = await this.#get(path);
      if (current && sent && Buffer.from(sent).equals(current.bytes)) return true;
      const next = await change(current?.bytes);
      if (!next || (current && Buffer.from(next).equals(current.bytes))) {
        const mayBeOutdated = this.#replaced.mayBeOutdated(path, current?.sha);
        if (!mayBeOutdated || outdatedReads === MAX_OUTDATED_READS) return sent !== undefined;
        outdatedReads += 1;
        throw unexpectedAnswer('the newest file', 'GET', this.#url(path));
      }
      if (next.length > MAX_FILE_BYTES) throw this.#tooLarge(path, next.length);
      try {
        await this.#put(path, message, next, current?.sha);
      } catch (error) {
        if (error instanceof RequestError && isOutcomeUnknown(error)) sent = next;
        throw error;
      }
      return true;
    });
  }

  async #get(path: string): Promise<StoredFile | undefined> {
    const { branch } = this.#options;
    try {
      const { data, headers, url } = await this.#octokit().request(`GET ${this.#url(path)}`, {
        ...(branch !== undefined && { ref: branch }),
        mediaType: { format: 'raw' },
        // Octokit would decode the body as text; the SHA needs the bytes.
        request: { parseSuccessResponseBody: false },
      });
      if (/^text\/html/i.test(headers['content-type'] ?? '')) throw unexpectedAnswer('the file', 'GET', url);
      const bytes = await bytesOf(data);
      return { bytes, sha: gitBlobSha(bytes) };
    } catch (error) {
      if (!(error instanceof RequestError) || error.status !== 404) throw error;
      if (!/no commit found|branch .* not found/i.test(error.message)) return undefined;
      throw new MetadataError(
        `${this.name} has no branch ${JSON.stringify(branch)}: create it, or name another in "metadata-branch"`,
        { cause: error },
      );
    }
  }

  /** @throws RequestError also where the answer does not confirm that the file has these bytes */
  async #put(path: string, message: string, bytes: Uint8Array, sha: string | undefined): Promise<void> {
    const { branch, committer } = this.#options;
    const { data, url } = await this.#octokit().request(`PUT ${this.#url(path)}`, {
      message,
      content: Buffer.from(bytes).toString('base64'),
      ...(sha !== undefined && { sha }),
      ...(branch !== undefined && { branch }),
      ...(committer && { committer, author: committer }),
    });
    const written = v.safeParse(Written, data);
    if (!written.success || written.output.content.sha !== gitBlobSha(bytes))
      throw unexpectedAnswer('what was written', 'PUT', url);
    this.#replaced.note(path, sha, written.output.content.sha);
    const page = written.output.commit?.html_url;
    if (page !== undefined) this.#options.onCommit?.({ path, url: page });
  }

  #octokit(): Octokit {
    const { octokit, shutdown } = this.#options;
    return shutdown?.signal.aborted === true ? shutdown.octokit : octokit;
  }

  #url(path: string): string {
    const { owner, repo } = this.#options;
    return `/repos/${owner}/${repo}/contents/${path.split('/').map(encodeURIComponent).join('/')}`;
  }

  #where(path: string): string {
    return `${this.name}/${path}`;
  }

  #tooManyFiles(): MetadataError {
    return new MetadataError(
      `${this.name} has more files than GitHub lists, which are 100,000: keep the records in a repository of their own`,
    );
  }

  #tooLarge(path: string, bytes: number): MetadataError {
    return new MetadataError(
      `${this.#where(path)} would have ${bytes} bytes, more than GitHub accepts: mirror fewer images per namespace`,
    );
  }
}

/** The error for a success status with a wrong body, as proxies and outages produce it. */
function unexpectedAnswer(expected: string, method: 'GET' | 'PUT', url: string): RequestError {
  return new RequestError(`the answer is not ${expected}`, 500, { request: { method, url, headers: {} } });
}

/** The body of an answer that was not parsed: bytes from our own client, a stream from another one. */
async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  if (body instanceof ReadableStream) return new Uint8Array(await new Response(body).arrayBuffer());
  return new Uint8Array();
}
