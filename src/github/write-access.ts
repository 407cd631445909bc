import { type Octokit, RequestError } from 'octokit';
import * as v from 'valibot';
import { printable } from '../oci/errors.ts';
import type { Logger } from '../oci/logger.ts';
import { MetadataError } from './errors.ts';
import { SIGNED_COMMITS_REMEDY, remedyForWrite } from './remedy.ts';

/**
 * Whose token it is: the workflow's own (`GITHUB_TOKEN`), that of another GitHub App, or a user's. GitHub reports the
 * permissions of users only, and who may bypass rules not reliably for other Apps.
 */
export type TokenKind = 'workflow' | 'app' | 'user';

export interface WriteAccessOptions {
  /** A direct client: what it can't find out, the first write will. */
  readonly octokit: Octokit;
  readonly owner: string;
  readonly repo: string;
  /** Absent: the default branch. */
  readonly branch?: string;
  readonly committer?: object;
  readonly tokenKind: TokenKind;
  /** Whether to send a write that GitHub refuses as incomplete. It costs five points of a limit that all jobs share. */
  readonly probes: boolean;
  readonly logger: Logger;
}

/** https://docs.github.com/en/rest/repos/repos#get-a-repository */
const Repository = v.object({
  archived: v.optional(v.boolean()),
  default_branch: v.optional(v.string()),
  permissions: v.optional(v.object({ push: v.optional(v.boolean()) })),
});

/** Rules that refuse each commit which is not part of a merge. */
const REFUSING_RULES = new Set([
  'pull_request',
  'merge_queue',
  'update',
  'required_status_checks',
  'required_deployments',
  'workflows',
]);

/** https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch */
const Rules = v.array(v.object({ type: v.string(), ruleset_id: v.optional(v.number()) }));
type Rule = v.InferOutput<typeof Rules>[number];
/** https://docs.github.com/en/rest/repos/rules#get-a-repository-ruleset */
const Ruleset = v.object({ current_user_can_bypass: v.optional(v.string()) });

/** https://docs.github.com/en/rest/repos/contents#get-repository-content */
const Entry = v.object({
  type: v.string(),
  path: v.string(),
  /** Listings have `type: "file"` for submodules. */
  submodule_git_url: v.nullish(v.string()),
});
type Entry = v.InferOutput<typeof Entry>;
const Folder = v.union([v.array(Entry), Entry]);

/** The path of a write without content, which GitHub never carries out. */
const PROBE_PATH = '.sync-action-write-access';

/** Finds out before anything is copied whether the run can be recorded, as far as GitHub shows that without a write. */
export class WriteAccess {
  readonly #options: WriteAccessOptions;

  constructor(options: WriteAccessOptions) {
    this.#options = options;
  }

  /**
   * Checks repository, token, rules of the branch, and what is at the paths of the files, at the same time. If several of them refuse
   * the run, the first in this order is reported.
   *
   * @param paths of the files that the run will write
   * @throws MetadataError with the remedy
   */
  async check(paths: readonly string[]): Promise<void> {
    const { probes, tokenKind } = this.#options;
    const repository = this.#checkRepository();
    const checks = [repository, this.#checkPaths(paths)];
    // GitHub reports what a user may do: then the write is not sent if it would be refused.
    if (probes)
      checks.push(tokenKind === 'user' ? repository.then(async () => this.#probe()) : this.#probe());
    await Promise.allSettled(checks);
    for (const check of checks) await check;
  }

  async #checkRepository(): Promise<void> {
    const repository = await this.#get(Repository);
    if (repository?.archived === true) throw this.#refusal(remedyForWrite(403, 'archived'));
    if (this.#options.tokenKind === 'user' && repository?.permissions?.push === false)
      throw this.#refusal(remedyForWrite(403, 'not accessible by'));
    const branch = this.#options.branch ?? repository?.default_branch;
    if (branch !== undefined) await this.#checkRules(branch);
  }

  async #checkRules(branch: string): Promise<void> {
    const rules = await this.#get(Rules, `/rules/branches/${encodeURIComponent(branch)}`);
    const binding: string[] = [];
    for (const rule of rules ?? [])
      if (isRelevant(rule, this.#options) && !(await this.#mayBypass(rule))) binding.push(rule.type);
    if (binding.length === 0) return;
    const remedy = binding.every((type) => type === 'required_signatures')
      ? SIGNED_COMMITS_REMEDY
      : `rules of this branch refuse direct commits (${binding.join(', ')}); let the token bypass them, or record in another "metadata-branch"`;
    const refusal = this.#refusal(`${JSON.stringify(printable(branch))}: ${remedy}`);
    if (this.#options.tokenKind !== 'app') throw refusal;
    // GitHub may not report that an App is on the list of those who may bypass a rule.
    this.#options.logger.warning(refusal.message);
  }

  /** True unless GitHub says that no bypass is possible. */
  async #mayBypass({ ruleset_id: id }: Rule): Promise<boolean> {
    if (id === undefined) return false;
    const ruleset = await this.#get(Ruleset, `/rulesets/${id}`);
    return ruleset?.current_user_can_bypass !== 'never';
  }

  /** A write to a link would not change the file that it leads to, and one to a submodule or a folder is refused. */
  async #checkPaths(paths: readonly string[]): Promise<void> {
    const folders = new Set(paths.map((path) => path.slice(0, Math.max(0, path.lastIndexOf('/')))));
    for (const folder of folders) {
      const listed = await this.#get(Folder, this.#contents(folder));
      if (listed === undefined) continue;
      if (!Array.isArray(listed)) throw this.#wrongKind(listed, 'folder');
      const wrong = listed.find((entry) => paths.includes(entry.path) && kindOf(entry) !== 'file');
      if (wrong) throw this.#wrongKind(wrong, 'file');
    }
  }

  #contents(folder: string): string {
    const { branch } = this.#options;
    const ref = branch === undefined ? '' : `?ref=${encodeURIComponent(branch)}`;
    const parts = ['contents', ...folder.split('/').filter((part) => part !== '')];
    return `/${parts.map(encodeURIComponent).join('/')}${ref}`;
  }

  #wrongKind(entry: Entry, needed: 'file' | 'folder'): MetadataError {
    const path = JSON.stringify(printable(entry.path));
    return this.#refusal(
      `${path} is a ${kindOf(entry)}, where a ${needed} is needed; remove it, or change "manifest-path" or "changelog-path"`,
    );
  }

  /**
   * Sends a write without content: GitHub checks the permission before the request, and then refuses what is missing. The
   * permissions that it reports are those of a user, and not of a token with fewer.
   */
  async #probe(): Promise<void> {
    const { octokit, owner, repo, branch } = this.#options;
    try {
      await octokit.request(`PUT /repos/${owner}/${repo}/contents/${PROBE_PATH}`, {
        message: 'Check the permission to write',
        ...(branch !== undefined && { branch }),
      });
    } catch (error) {
      if (!(error instanceof RequestError) || !/not accessible by/i.test(error.message)) return;
      throw this.#refusal(
        `${remedyForWrite(error.status, error.message)} (GitHub says: ${printable(error.message)})`,
      );
    }
  }

  /** A part of what GitHub says about the repository; undefined if it does not say it, or not to this token. */
  async #get<T extends v.GenericSchema>(schema: T, path = ''): Promise<v.InferOutput<T> | undefined> {
    const { octokit, owner, repo } = this.#options;
    try {
      const { data } = await octokit.request(`GET /repos/${owner}/${repo}${path}`);
      const parsed = v.safeParse(schema, data);
      return parsed.success ? parsed.output : undefined;
    } catch (error) {
      if (error instanceof RequestError) return undefined;
      throw error;
    }
  }

  #refusal(why: string): MetadataError {
    return new MetadataError(`${this.#options.owner}/${this.#options.repo} can't be written: ${why}`);
  }
}

function isRelevant({ type }: Rule, { committer }: WriteAccessOptions): boolean {
  return REFUSING_RULES.has(type) || (type === 'required_signatures' && committer !== undefined);
}

function kindOf({ type, submodule_git_url: submodule }: Entry): string {
  if (typeof submodule === 'string') return 'submodule';
  return { file: 'file', dir: 'folder', symlink: 'symbolic link', submodule: 'submodule' }[type] ?? type;
}
