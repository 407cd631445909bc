import * as v from 'valibot';
import { TOKENS } from './tokens.ts';

/** What is special about a repository. */
export interface RepositoryRules {
  /** No commit yet. */
  readonly empty?: boolean;
  readonly archived?: boolean;
  /** Its branch accepts only pull requests. */
  readonly protected?: boolean;
  /** Actions may not create pull requests: the setting is off. */
  readonly noPullRequests?: boolean;
  /** The branch main was deleted. */
  readonly branchless?: boolean;
}

interface Refusal {
  readonly status: number;
  readonly message: string;
}

const Person = v.object({ name: v.string(), email: v.string() });
const PutBody = v.object({
  message: v.string(),
  content: v.string(),
  branch: v.optional(v.string()),
  committer: v.optional(Person),
  author: v.optional(Person),
});

/** What the live API refuses before anything is looked up or written; its messages to the letter. */
export function contentsRefusal(request: {
  readonly method: string;
  readonly path: string;
  readonly token: string;
  readonly body: unknown;
  readonly rules: RepositoryRules | undefined;
  readonly empty: boolean;
}): Refusal | undefined {
  const { method, path, token, body, rules, empty } = request;
  const tokens: readonly string[] = Object.values(TOKENS);
  if (!tokens.includes(token)) return { status: 401, message: 'Bad credentials' };
  if (!rules) return { status: 404, message: 'Not Found' };
  const isContents = path.includes('/contents/');
  const ref = new URL(path, 'http://localhost').searchParams.get('ref');
  if (method === 'GET') {
    if (isContents && empty) return { status: 404, message: 'This repository is empty.' };
    if (isContents && ref !== null && !hasBranch(ref, rules))
      return { status: 404, message: `No commit found for the ref ${ref}` };
    return undefined;
  }
  if (token !== TOKENS.write) return { status: 403, message: 'Resource not accessible by integration' };
  if (rules.archived === true) return { status: 403, message: 'Repository was archived so is read-only.' };
  if (path.includes('/comments')) return commentRefusal(body);
  if (path.endsWith('/pulls') && rules.noPullRequests === true)
    return { status: 403, message: 'GitHub Actions is not permitted to create or approve pull requests.' };
  if (!isContents) return undefined;
  const parsed = v.safeParse(PutBody, body);
  if (!parsed.success)
    return { status: 422, message: 'Invalid request.\n\nInvalid input: object is missing required key.' };
  const { branch } = parsed.output;
  if (branch !== undefined && !hasBranch(branch, rules))
    return { status: 404, message: `Branch ${branch} not found` };
  if (rules.protected === true && branch?.startsWith('sync-action/') !== true) {
    return {
      status: 409,
      message: 'Repository rule violations found\n\nChanges must be made through a pull request.\n\n',
    };
  }
  return undefined;
}

function hasBranch(name: string, { branchless }: RepositoryRules): boolean {
  return name.startsWith('sync-action/') || (name === 'main' && branchless !== true);
}

const CommentBody = v.object({ body: v.pipe(v.string(), v.maxLength(65_536)) });

function commentRefusal(body: unknown): Refusal | undefined {
  if (body === undefined || v.is(CommentBody, body)) return undefined;
  return { status: 422, message: 'Validation Failed: {"body is too long (maximum is 65536 characters)"}' };
}

/** What GitHub says about the rules of a branch; undefined for other requests. */
export function branchRules(path: string, rules: RepositoryRules | undefined): unknown {
  if (/^\/repos\/[^/]+\/[^/]+\/rules\/branches\//.test(path))
    return rules?.protected === true ? [{ type: 'pull_request', ruleset_id: 1 }] : [];
  if (/^\/repos\/[^/]+\/[^/]+\/rulesets\/1$/.test(path)) return { id: 1, current_user_can_bypass: 'never' };
  return undefined;
}

const MiB = 1024 ** 2;

/** What the emulator leaves out of a repository. */
const MISSING = { network_count: 0, subscribers_count: 0 };

function pushed(body: object): object {
  return 'pushed_at' in body && body.pushed_at === null ? { pushed_at: '2026-01-01T00:00:00Z' } : {};
}

/** An answer of the emulator as the live API gives it. */
export function readAnswer(
  path: string,
  status: number,
  body: unknown,
  rules: RepositoryRules | undefined,
): { status: number; body: unknown } {
  if (typeof body !== 'object' || body === null || status !== 200) return { status, body };
  if (/^\/repos\/[^/]+\/[^/]+$/.test(path))
    return { status, body: { ...MISSING, ...body, ...pushed(body), archived: rules?.archived === true } };
  const large =
    path.includes('/contents/') && 'size' in body && typeof body.size === 'number' && body.size > MiB;
  return { status, body: large ? { ...body, content: '', encoding: 'none' } : body };
}
