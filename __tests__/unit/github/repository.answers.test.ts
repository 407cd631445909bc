import type { Octokit } from 'octokit';
import { Agent } from 'undici';
import { afterAll, describe, expect, it } from 'vitest';
import { createDirectClient } from '../../../src/github/client.ts';
import { gitBlobSha } from '../../../src/github/git-blob-sha.ts';
import { MetadataRepository } from '../../../src/github/repository.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { readAll, sendJson, startServer } from '../../support/network/http.ts';

async function withServer(
  answer: (
    n: number,
    method: string,
  ) => { status: number; message?: string; headers?: Record<string, string>; raw?: string } | 'cut',
  work: (url: string, puts: () => number) => Promise<void>,
) {
  let puts = 0;
  let gets = 0;
  const server = await startServer(async (request, response) => {
    await readAll(request);
    const put = request.method === 'PUT';
    const a = answer(put ? ++puts : ++gets, request.method ?? '');
    if (a === 'cut') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('part');
      setTimeout(() => response.destroy(), 20);
      return;
    }
    if (a.raw !== undefined) {
      response.writeHead(a.status, a.headers);
      response.end(a.raw);
      return;
    }
    sendJson(response, a.status, { message: a.message ?? '' }, a.headers);
  });
  await work(server.url, () => puts);
  await server.close();
}
const dispatcher = new Agent();
afterAll(async () => dispatcher.destroy());

const clientOf = (apiUrl: string): Octokit =>
  createDirectClient({ token: 'x', apiUrl, dispatcher, logger: silentLogger });
const repoAt = (url: string, waits: number[] = [], octokit = clientOf(url)) =>
  new MetadataRepository({
    octokit,
    owner: 'o',
    repo: 'r',
    sleep: async (ms) => void waits.push(ms),
    random: () => 0.5,
    logger: silentLogger,
  });
const bytes = () => new TextEncoder().encode('x\n');
const JSON_TYPE = { 'content-type': 'application/json' };

describe('MetadataRepository', () => {
  it.each([
    ['Cannot change this locked branch', 'its branch is protected'],
    ['Required status check "ci" is expected.', 'its branch is protected'],
    ['Commits must have verified signatures.', 'only without "committer": remove that input'],
    ["You're not authorized to push to this branch.", 'its branch is protected'],
  ])('does not retry a 409 of a rule: %s', async (message, remedy) => {
    await withServer(
      (_, m) => (m === 'PUT' ? { status: 409, message } : { status: 404, message: 'Not Found' }),
      async (url, puts) => {
        await expect(repoAt(url).update('a', 'm', bytes)).rejects.toThrow(remedy);
        expect(puts()).toBe(1);
      },
    );
  });
  it.each([
    [429, 'Too Many Requests'],
    [403, 'You have exceeded a secondary rate limit.'],
  ])('waits for a %d with retry-after', async (status, message) => {
    const waits: number[] = [];
    await withServer(
      (n, m) =>
        m !== 'PUT'
          ? { status: 404, message: 'Not Found' }
          : n === 1
            ? { status, message, headers: { 'retry-after': '7' } }
            : {
                status: 201,
                raw: JSON.stringify({ content: { sha: gitBlobSha(bytes()) } }),
                headers: JSON_TYPE,
              },
      async (url, puts) => {
        await repoAt(url, waits).update('a', 'm', bytes);
        expect(puts()).toBe(2);
        expect(Math.max(...waits)).toBeGreaterThanOrEqual(7000);
      },
    );
  });
  it('does not apply an appending change twice', async () => {
    let stored: string | undefined;
    const server = await startServer(async (request, response) => {
      const body = await readAll(request);
      if (request.method === 'PUT') {
        stored = Buffer.from(JSON.parse(body.toString()).content, 'base64').toString();
        sendJson(response, 502, { message: 'x' });
        return;
      }
      if (stored === undefined) sendJson(response, 404, { message: 'Not Found' });
      else response.end(stored);
    });
    let calls = 0;
    await repoAt(server.url).update('a', 'm', (c) => {
      calls += 1;
      if (calls > 3) throw new Error('again and again');
      return new TextEncoder().encode(`${new TextDecoder().decode(c)}line\n`);
    });
    await server.close();
    expect(stored).toBe('line\n');
  });
  it("does not retry an error that is not a request's", async () => {
    const octokit = clientOf('http://127.0.0.1:9');
    octokit.hook.before('request', (o) => {
      if (o.method === 'PUT') throw new TypeError('bug');
    });
    octokit.hook.wrap('request', async (r, o) => {
      if (o.method === 'GET')
        throw Object.assign(
          new (await import('octokit')).RequestError('Not Found', 404, {
            request: { method: 'GET', url: 'http://x', headers: {} },
          }),
        );
      return r(o);
    });
    const waits: number[] = [];
    await expect(repoAt('', waits, octokit).update('a', 'm', bytes)).rejects.toThrow('bug');
    expect(waits).toEqual([]);
  });
  it('reads a file again whose body breaks', async () => {
    await withServer(
      (n) => (n === 1 ? 'cut' : { status: 200, raw: 'whole' }),
      async (url) => expect(new TextDecoder().decode(await repoAt(url).read('a'))).toBe('whole'),
    );
  });
});
