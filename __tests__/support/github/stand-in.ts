import { type IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { createEmulator } from 'emulate';
import * as v from 'valibot';
import { type TestServer, readAll, sendJson, startServer } from '../network/http.ts';
import { freePort } from '../run/process.ts';
import { OpenApiCheck } from './openapi.ts';
import { type RepositoryRules, branchRules, contentsRefusal, readAnswer } from './rules.ts';
import { TOKENS } from './tokens.ts';

export interface GitHubRequest {
  readonly method: string;
  readonly path: string;
  /** When it came, in milliseconds. */
  readonly time: number;
  status: number;
}

export interface Commit {
  readonly sha: string;
  readonly message: string;
  readonly committer: string;
}

/** An open pull request. */
export type StoredPull = v.InferOutput<typeof Pulls>[number];

/** GitHub's REST API, stateful, on loopback, answering as the live one does. */
export interface GitHubStandIn extends TestServer {
  readonly requests: GitHubRequest[];
  /** Where a request or an answer was not as GitHub's OpenAPI description says. */
  readonly violations: string[];
  /** The current rules of each repository. One without rules does not exist. */
  readonly rules: Map<string, RepositoryRules>;
  /** Milliseconds per write. Writes that overlap on a branch collide. */
  writeTime: number;
  /**
   * May answer a request itself (true). `body` is the request's. `perform` carries the request out and returns only the
   * status of the answer.
   */
  intercept?: (
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    perform: () => Promise<number>,
  ) => boolean | Promise<boolean>;
  /** The stored bytes of a file, as text. */
  readonly file: (repository: string, path: string, branch?: string) => Promise<string | undefined>;
  readonly pulls: (repository: string) => Promise<StoredPull[]>;
  readonly putFile: (repository: string, path: string, content: string | Uint8Array) => Promise<void>;
  readonly removeFile: (repository: string, path: string) => Promise<void>;
  readonly commits: (repository: string) => Promise<Commit[]>;
  /** Opens an issue; a pull request's comments are those of the issue of its number. */
  readonly openIssue: (repository: string) => Promise<number>;
  /** Comments on an issue as the owner, or as a stranger to the repository. */
  readonly comment: (
    repository: string,
    issue: number,
    body: string,
    author?: 'owner' | 'stranger',
  ) => Promise<void>;
  readonly comments: (repository: string, issue: number) => Promise<{ id: number; body: string }[]>;
}

const OWNER = 'octo';
const STRANGER = 'stranger';

/** @param repositories by `octo/name` */
export async function startGitHub(
  repositories: Readonly<Record<string, RepositoryRules>>,
): Promise<GitHubStandIn> {
  const emulator = await createEmulator({
    service: 'github',
    port: await freePort(),
    seed: {
      tokens: {
        [TOKENS.write]: { login: OWNER, scopes: ['repo'] },
        [TOKENS.stranger]: { login: STRANGER, scopes: ['repo'] },
      },
      github: {
        users: [{ login: OWNER }, { login: STRANGER }],
        repos: Object.entries(repositories).map(([name, { empty }]) => ({
          owner: OWNER,
          name: name.slice(OWNER.length + 1),
          auto_init: empty !== true,
        })),
      },
    },
  });
  const rules = new Map(Object.entries(repositories));
  const proxy = new FidelityProxy(emulator.url, rules);
  const server = await startServer(async (request, response) => {
    const body = await readAll(request);
    // GitHub Enterprise serves the API below this path.
    const path = (request.url ?? '/').replace(/^\/api\/v3/, '');
    const logged: GitHubRequest = { method: request.method ?? '', path, time: performance.now(), status: 0 };
    standIn.requests.push(logged);
    response.on('finish', () => (logged.status = response.statusCode));
    const perform = async (): Promise<number> => {
      const unsent = new ServerResponse(request);
      await proxy.answer(request, unsent, path, body, standIn);
      return unsent.statusCode;
    };
    if (await standIn.intercept?.(request, response, body, perform)) return;
    await proxy.answer(request, response, path, body, standIn);
  });
  const close = async (): Promise<void> => {
    await server.close();
    await emulator.close();
  };
  const standIn: GitHubStandIn = {
    ...server,
    close,
    requests: [],
    violations: proxy.violations,
    rules,
    writeTime: 5,
    ...stateOf(emulator.url),
  };
  return standIn;
}

const WithSha = v.looseObject({ sha: v.optional(v.string()) });
const AUTHORIZED = { authorization: `Bearer ${TOKENS.write}` };
const Commits = v.array(
  v.object({
    sha: v.string(),
    commit: v.object({ message: v.string(), committer: v.object({ name: v.string() }) }),
  }),
);

const Pulls = v.array(
  v.object({
    number: v.number(),
    title: v.string(),
    body: v.nullable(v.string()),
    html_url: v.string(),
    head: v.object({ ref: v.string() }),
  }),
);

/** Looks into the emulator behind the proxy. */
function stateOf(
  url: string,
): Pick<
  GitHubStandIn,
  'file' | 'pulls' | 'putFile' | 'removeFile' | 'commits' | 'openIssue' | 'comment' | 'comments'
> {
  const contents = (repository: string, path: string): string =>
    `${url}/repos/${repository}/contents/${path}`;
  const shaOf = async (repository: string, path: string): Promise<string | undefined> => {
    const answer = await fetch(contents(repository, path), { headers: AUTHORIZED });
    return answer.status === 200 ? v.parse(WithSha, await answer.json()).sha : undefined;
  };
  const change = async (method: string, repository: string, path: string, more: object): Promise<void> => {
    const body = JSON.stringify({ message: 'by hand', sha: await shaOf(repository, path), ...more });
    const answer = await fetch(contents(repository, path), { method, headers: AUTHORIZED, body });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  return {
    pulls: async (repository) => {
      const answer = await fetch(`${url}/repos/${repository}/pulls`, { headers: AUTHORIZED });
      return v.parse(Pulls, await answer.json());
    },
    file: async (repository, path, branch = 'main') => {
      const accept = 'application/vnd.github.raw+json';
      const answer = await fetch(`${contents(repository, path)}?ref=${branch}`, {
        headers: { ...AUTHORIZED, accept },
      });
      return answer.status === 200 ? answer.text() : undefined;
    },
    putFile: async (repository, path, content) =>
      change('PUT', repository, path, { content: Buffer.from(content).toString('base64') }),
    removeFile: async (repository, path) => change('DELETE', repository, path, {}),
    commits: async (repository) => {
      const answer = await fetch(`${url}/repos/${repository}/commits?per_page=100`, { headers: AUTHORIZED });
      if (!answer.ok) return [];
      const commits = v.parse(Commits, await answer.json());
      return commits.map(({ sha, commit }) => ({
        sha,
        message: commit.message,
        committer: commit.committer.name,
      }));
    },
    openIssue: async (repository) => {
      const answer = await fetch(`${url}/repos/${repository}/issues`, {
        method: 'POST',
        headers: AUTHORIZED,
        body: JSON.stringify({ title: 'a pull request' }),
      });
      return v.parse(v.object({ number: v.number() }), await answer.json()).number;
    },
    comment: async (repository, issue, body, author = 'owner') => {
      const token = author === 'owner' ? TOKENS.write : TOKENS.stranger;
      const answer = await fetch(`${url}/repos/${repository}/issues/${issue}/comments`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ body }),
      });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    },
    comments: async (repository, issue) => {
      const answer = await fetch(`${url}/repos/${repository}/issues/${issue}/comments?per_page=100`, {
        headers: AUTHORIZED,
      });
      return v.parse(v.array(v.object({ id: v.number(), body: v.string() })), await answer.json());
    },
  };
}

/** Adds what the live API does and the emulator does not. */
class FidelityProxy {
  readonly violations: string[] = [];
  readonly #upstream: string;
  readonly #rules: ReadonlyMap<string, RepositoryRules>;
  readonly #openApi = new OpenApiCheck();
  /** Writes so far, by repository: a write that overlaps another finds the branch moved. */
  readonly #versions = new Map<string, number>();

  constructor(upstream: string, rules: ReadonlyMap<string, RepositoryRules>) {
    this.#upstream = upstream;
    this.#rules = rules;
  }

  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    requested: string,
    body: Buffer,
    { writeTime }: { readonly writeTime: number },
  ): Promise<void> {
    const method = request.method ?? '';
    const token = /^(?:Bearer|token) (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const parsed = body.length > 0 ? (JSON.parse(body.toString()) as unknown) : undefined;
    const repository = /^\/repos\/([^/]+\/[^/?]+)/.exec(requested)?.[1] ?? '';
    const path = await this.#byBranch(requested, repository);
    const refuse = (status: number, message: string): void => {
      this.#check(method, path, status, parsed, { message });
      sendJson(response, status, {
        message,
        documentation_url: 'https://docs.github.com/rest',
        status: String(status),
      });
    };
    const rules = this.#rules.get(repository);
    const refusal = contentsRefusal({
      method,
      path,
      token,
      body: parsed,
      rules,
      empty: await this.#isEmpty(repository),
    });
    if (refusal) return refuse(refusal.status, refusal.message);
    const ruling = branchRules(path, rules);
    if (ruling !== undefined) return sendJson(response, 200, ruling);
    const version = this.#versions.get(repository) ?? 0;
    if (method === 'PUT') {
      await delay(writeTime);
      if ((this.#versions.get(repository) ?? 0) !== version) {
        return refuse(409, `is at ${'a'.repeat(40)} but expected ${'b'.repeat(40)}`);
      }
      this.#versions.set(repository, version + 1);
    }
    const answer = await this.#forward(method, path, request.headers.accept, body);
    const raw = method === 'GET' && /raw/.test(request.headers.accept ?? '');
    if (answer.status === 204) {
      response.writeHead(204);
      response.end();
      return;
    }
    if (!raw || answer.status !== 200) {
      const json = readAnswer(path, answer.status, JSON.parse(answer.bytes.toString()) as unknown, rules);
      this.#check(method, path, json.status, parsed, json.body);
      return sendJson(response, json.status, json.body);
    }
    response.writeHead(200, { 'content-type': 'application/vnd.github.raw+json; charset=utf-8' });
    response.end(answer.bytes);
  }

  async #forward(
    method: string,
    path: string,
    accept = '',
    body: Buffer,
  ): Promise<{ status: number; bytes: Buffer }> {
    const headers = { ...AUTHORIZED, accept, 'content-type': 'application/json' };
    const send = async (content: Buffer): Promise<Response> =>
      fetch(this.#upstream + path, {
        method,
        headers,
        ...(content.length > 0 && { body: content.toString() }),
      });
    let answer = await send(body);
    if (method === 'PUT' && answer.status === 422) {
      // For GitHub, a SHA for a path that does not exist is no conflict.
      const { sha, ...rest } = v.parse(WithSha, JSON.parse(body.toString()));
      if (sha !== undefined && /does not exist/.test(await answer.clone().text()))
        answer = await send(Buffer.from(JSON.stringify(rest)));
    }
    return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
  }

  /** The emulator knows a commit in `ref` by its branch alone. */
  async #byBranch(path: string, repository: string): Promise<string> {
    const [, sha] = /[?&]ref=([0-9a-f]{40})(?:&|$)/.exec(path) ?? [];
    if (sha === undefined) return path;
    const answer = await fetch(`${this.#upstream}/repos/${repository}/commits/main`, { headers: AUTHORIZED });
    const head = v.parse(WithSha, await answer.json()).sha;
    return head === sha ? path.replace(`ref=${sha}`, 'ref=main') : path;
  }

  async #isEmpty(repository: string): Promise<boolean> {
    if (this.#rules.get(repository)?.empty !== true) return false;
    const commits = await fetch(`${this.#upstream}/repos/${repository}/commits`, { headers: AUTHORIZED });
    return commits.status !== 200 || v.parse(v.array(v.unknown()), await commits.json()).length === 0;
  }

  #check(method: string, path: string, status: number, requestBody: unknown, responseBody: unknown): void {
    const [bare = ''] = path.split('?');
    // A request that is incomplete on purpose finds out whether it may be made.
    if (status === 422 && bare.endsWith('/.sync-action-write-access')) return;
    this.violations.push(...this.#openApi.check({ method, path: bare, status, requestBody, responseBody }));
  }
}
