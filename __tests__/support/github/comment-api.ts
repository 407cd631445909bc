import { setTimeout as delay } from 'node:timers/promises';
import type { Octokit } from 'octokit';
import * as v from 'valibot';
import { createGitHubClient } from '../../../src/github/client.ts';
import { createDispatcher } from '../../../src/oci/http/dispatcher.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { type TestServer, readAll, sendJson, startServer } from '../network/http.ts';

/** The comments of one pull request, as GitHub's API has them: without conditional writes. */
export interface CommentApi extends TestServer {
  /** By number, oldest first. */
  readonly comments: Map<number, string>;
  readonly octokit: Octokit;
  /** Methods of the requests that change something. */
  readonly writes: string[];
  /** Returns milliseconds that a request takes before and after its work. */
  latency: () => number;
  /** May answer a request itself: then it returns true. */
  refuse?: (method: string) => { readonly status: number; readonly message: string } | undefined;
}

const Body = v.object({ body: v.pipe(v.string(), v.maxLength(65_536)) });

export async function startCommentApi(): Promise<CommentApi> {
  const comments = new Map<number, string>();
  const writes: string[] = [];
  let last = 100;
  const server = await startServer(async (request, response) => {
    const { method = '', url = '' } = request;
    const body = await readAll(request);
    await delay(api.latency());
    const refusal = api.refuse?.(method);
    if (refusal) return sendJson(response, refusal.status, { message: refusal.message });
    if (method !== 'GET') writes.push(method);
    const id = Number(/\/issues\/comments\/(\d+)$/.exec(url)?.[1] ?? 0);
    if (id !== 0 && !comments.has(id)) return sendJson(response, 404, { message: 'Not Found' });
    if (method === 'DELETE') comments.delete(id);
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Body), body.toString());
    if ((method === 'POST' || method === 'PATCH') && !parsed.success)
      return sendJson(response, 422, { message: 'Validation Failed' });
    if (parsed.success) comments.set(id || (last += 1), parsed.output.body);
    const answer = Array.from(comments, ([number, text]) => ({
      id: number,
      body: text,
      user: { type: 'Bot' },
      author_association: 'NONE',
    }));
    await delay(api.latency());
    if (method === 'DELETE') {
      response.writeHead(204);
      response.end();
      return;
    }
    sendJson(response, method === 'POST' ? 201 : 200, method === 'GET' ? answer : answer[0]);
  });
  const dispatcher = createDispatcher({ timeout: 5000, connections: 50, proxy: {} });
  const octokit = createGitHubClient({
    token: 'token',
    apiUrl: server.url,
    dispatcher,
    logger: silentLogger,
  });
  const close = async (): Promise<void> => {
    await dispatcher.destroy();
    await server.close();
  };
  const api: CommentApi = { ...server, close, comments, writes, octokit, latency: () => 0 };
  return api;
}
