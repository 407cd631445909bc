import type { IncomingMessage } from 'node:http';
import { Agent } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OWN_RETRIES, createDirectClient, createGitHubClient } from '../../../src/github/client.ts';
import { writePace } from '../../../src/github/write-pace.ts';
import { type TestServer, readAll, sendJson, startServer } from '../../support/network/http.ts';

interface Answer {
  /** 0 for none, -1 for one whose body does not end. */
  readonly status: number;
  readonly message?: string;
  readonly headers?: Record<string, string>;
}

let server: TestServer;
let dispatcher: Agent;
const answers: Answer[] = [];
const requests: IncomingMessage[] = [];
const log: string[] = [];
const logger = {
  debug: (message: string) => void log.push(message),
  info: (message: string) => void log.push(message),
  warning: (message: string) => void log.push(message),
};

beforeAll(async () => {
  dispatcher = new Agent({ headersTimeout: 1000 });
  server = await startServer(async (request, response) => {
    await readAll(request);
    requests.push(request);
    const { status, message, headers } = answers.shift() ?? { status: 200 };
    if (status > 0) sendJson(response, status, { message }, headers);
    else if (status < 0) response.writeHead(200, { 'content-length': 10 }).write('{');
  });
});

afterAll(async () => {
  await dispatcher.close();
  await server.close();
});

afterEach(() => {
  for (const list of [answers, requests, log]) list.length = 0;
});

type Options = Parameters<typeof createGitHubClient>[0];

function optionsWith(options: Partial<Options>): Options {
  const apiUrl = `${server.url}/api/v3`;
  return { token: 'ghs_secret', apiUrl, dispatcher, logger, pace: writePace(1), ...options };
}

function client(options: Partial<Options> = {}): ReturnType<typeof createGitHubClient> {
  return createGitHubClient(optionsWith(options));
}

function direct(options: Partial<Options> = {}): ReturnType<typeof createGitHubClient> {
  return createDirectClient(optionsWith(options));
}

const secondary = { status: 403, message: 'You have exceeded a secondary rate limit.' };

describe('createGitHubClient', () => {
  it('sends requests to the given API, with the token', async () => {
    await client().request('GET /user');
    const [request] = requests;
    expect(request?.url).toBe('/api/v3/user');
    expect(request?.headers.authorization).toBe('token ghs_secret');
    expect(request?.headers['user-agent']).toContain('gcrxio-sync-action');
  });

  it('waits as a secondary limit asks, and logs that', async () => {
    answers.push({ ...secondary, headers: { 'retry-after': '1' } });
    const start = performance.now();
    await client().request('GET /user');
    expect(performance.now() - start).toBeGreaterThan(950);
    expect(requests).toHaveLength(2);
    expect(log.join('\n')).toMatch(/secondary rate limit.* 1 s/);
  });

  it('does not wait for a limit of more than five minutes', async () => {
    answers.push({ ...secondary, headers: { 'retry-after': '3600' } });
    await expect(client().request('GET /user')).rejects.toMatchObject({ status: 403 });
    const reset = String(Math.floor(Date.now() / 1000) + 3600);
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
    answers.push({ status: 403, message: 'API rate limit exceeded', headers });
    await expect(client().request('GET /user')).rejects.toMatchObject({ status: 403 });
    expect(requests).toHaveLength(2);
  });

  it('retries a read, and no write that is sent with no retries', async () => {
    answers.push({ status: 502, message: 'Server Error' });
    await client().request('GET /user');
    expect(requests).toHaveLength(2);
    answers.push({ status: 502, message: 'Server Error' });
    const write = client().request('PUT /user', { request: { retries: 0 } });
    await expect(write).rejects.toMatchObject({ status: 502 });
    expect(requests).toHaveLength(3);
  });

  it('ends a request that is not answered', async () => {
    answers.push({ status: 0 });
    const read = client().request('GET /user', { request: { retries: 0 } });
    await expect(read).rejects.toMatchObject({ status: 500 });
  });

  it.each([
    ['before its answer', { status: 0 }],
    ['in its body', { status: -1 }],
  ])('ends a request at its timeout: %s', async (_, answer) => {
    answers.push(answer);
    const read = client({ timeout: 100 }).request('GET /user', { request: OWN_RETRIES });
    await expect(read).rejects.toMatchObject({ status: 500, message: expect.stringContaining('timeout') });
  });

  it('ends all requests with its signal, also those in progress', async () => {
    const end = new AbortController();
    const octokit = client({ signal: end.signal });
    answers.push({ status: 0 });
    const read = octokit.request('GET /user', { request: OWN_RETRIES });
    setTimeout(() => end.abort(new Error('the end')), 50);
    await expect(read).rejects.toMatchObject({ status: 500, message: 'the end' });
    const later = octokit.request('GET /user', { request: OWN_RETRIES });
    await expect(later).rejects.toMatchObject({ message: 'the end' });
    expect(requests).toHaveLength(1);
  });

  it('leaves faults and limits to callers that retry themselves', async () => {
    answers.push({ ...secondary, headers: { 'retry-after': '1' } }, { status: 502, message: 'x' });
    for (const status of [403, 502]) {
      const read = client().request('GET /user', { request: OWN_RETRIES });
      await expect(read).rejects.toMatchObject({ status });
    }
    expect(requests).toHaveLength(2);
    expect(log.join('\n')).not.toContain('asks to wait');
  });

  it('never logs the token', async () => {
    answers.push({ status: 401, message: 'Bad credentials' });
    await expect(client().request('GET /user')).rejects.toMatchObject({ status: 401 });
    expect(log.join('\n')).not.toContain('ghs_secret');
  });
});

describe('createDirectClient', () => {
  it('leaves all faults and limits to its callers', async () => {
    answers.push({ ...secondary, headers: { 'retry-after': '1' } }, { status: 502, message: 'x' });
    for (const status of [403, 502])
      await expect(direct().request('GET /user')).rejects.toMatchObject({ status });
    expect(requests).toHaveLength(2);
    expect(log.join('\n')).not.toContain('asks to wait');
  });

  it('sends the token, and ends with its timeout and signal as the other one does', async () => {
    await direct().request('GET /user');
    expect(requests[0]?.headers.authorization).toBe('token ghs_secret');
    answers.push({ status: -1 });
    await expect(direct({ timeout: 100 }).request('GET /user')).rejects.toThrow(/timeout/);
    const signal = AbortSignal.abort(new Error('the end'));
    await expect(direct({ signal }).request('GET /user')).rejects.toThrow('the end');
  });

  it('keeps the pace of writes with the other clients of the run, and none for reads', async () => {
    const pace = writePace(2);
    const writers = [direct({ pace }), client({ pace }), direct({ pace })];
    const start = performance.now();
    const ends = await Promise.all(
      writers.map(async (writer) => {
        await writer.request('PUT /user');
        return performance.now() - start;
      }),
    );
    expect(ends.filter((end) => end < 500)).toHaveLength(2);
    expect(Math.max(...ends)).toBeGreaterThan(700);
    const before = performance.now();
    await Promise.all(Array.from({ length: 5 }, async () => direct({ pace }).request('GET /user')));
    expect(performance.now() - before).toBeLessThan(500);
  });

  it('writes without a pace when it has none', async () => {
    const { pace: _pace, ...options } = optionsWith({});
    const unpaced = createDirectClient(options);
    const start = performance.now();
    await Promise.all(Array.from({ length: 25 }, async () => unpaced.request('PUT /user')));
    expect(performance.now() - start).toBeLessThan(700);
  });

  it('sends ten requests at a time', async () => {
    for (let i = 0; i < 30; i += 1) answers.push({ status: 0 });
    const end = new AbortController();
    const octokit = direct({ signal: end.signal });
    const all = Promise.allSettled(Array.from({ length: 30 }, async () => octokit.request('GET /user')));
    await expect.poll(() => requests.length).toBe(10);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(requests).toHaveLength(10);
    end.abort(new Error('the end'));
    await all;
  });
});
