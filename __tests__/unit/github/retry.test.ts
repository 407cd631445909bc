import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDirectClient } from '../../../src/github/client.ts';
import { gitBlobSha } from '../../../src/github/git-blob-sha.ts';
import { MetadataRepository } from '../../../src/github/repository.ts';
import type { ShutdownMode } from '../../../src/github/retry.ts';
import { WriteSession } from '../../../src/github/write-session.ts';
import { type TestServer, readAll, sendJson, startServer } from '../../support/network/http.ts';

interface Answer {
  readonly status: number;
  readonly message?: string;
  readonly headers?: Record<string, string>;
  /** The header `date`; none where it is empty. */
  readonly date?: string;
}

let server: TestServer;
let dispatcher: Agent;
/** The next answers, by method. Without one, a GET finds nothing and a PUT succeeds. */
const answers: Record<string, Answer[]> = { GET: [], PUT: [] };
/** The answer to every request while it is set. */
let outage: Answer | undefined;
const requests: string[] = [];
const log: string[] = [];
const waits: number[] = [];

beforeAll(async () => {
  dispatcher = new Agent();
  server = await startServer(async (request, response) => {
    const body = await readAll(request);
    const method = request.method ?? '';
    requests.push(`${method} ${request.url?.split('/contents/')[1] ?? request.url ?? ''}`);
    const answer = answers[method]?.shift() ?? outage;
    if (!answer && method === 'GET') return sendJson(response, 404, { message: 'Not Found' });
    if (!answer) {
      const { content }: { content: string } = JSON.parse(body.toString());
      return sendJson(response, 201, { content: { sha: gitBlobSha(Buffer.from(content, 'base64')) } });
    }
    const { status, message = '', headers, date } = answer;
    response.sendDate = date === undefined;
    return sendJson(response, status, { message }, { ...headers, ...(date && { date }) });
  });
});
afterAll(async () => {
  await dispatcher.close();
  await server.close();
});
afterEach(() => {
  outage = undefined;
  for (const list of [requests, log, waits, ...Object.values(answers)]) list.length = 0;
});

interface Given {
  /** The signals of shutdown mode, which uses the same client here. */
  readonly shutdown?: Omit<ShutdownMode, 'octokit'>;
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

function open({ shutdown, sleep }: Given = {}): MetadataRepository {
  const logger = {
    debug: (message: string) => void log.push(message),
    info: (message: string) => void log.push(message),
    warning: (message: string) => void log.push(message),
  };
  const client = { token: 'x', apiUrl: server.url, dispatcher, logger };
  const octokit = createDirectClient(client);
  return new MetadataRepository({
    octokit,
    ...(shutdown && { shutdown: { ...shutdown, octokit } }),
    owner: 'o',
    repo: 'r',
    sleep: async (ms, signal) => {
      waits.push(ms);
      await sleep?.(ms, signal);
    },
    random: () => 0,
    logger,
  });
}

const change = (): Uint8Array => new TextEncoder().encode('x\n');

/** The waits of an update between its tries, without the second that each adds; milliseconds. */
async function waitsOf(...given: Answer[]): Promise<number[]> {
  answers['PUT']?.push(...given);
  await open().update('f', 'm', change);
  expect(requests.filter((request) => request === 'PUT f')).toHaveLength(given.length + 1);
  return waits.map((ms) => ms - 1000);
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((error: unknown) => error);
  if (!(error instanceof Error)) throw new Error('It did not fail');
  return `${error.name}: ${error.message}`;
}

const SECONDARY = 'You have exceeded a secondary rate limit.';
const DATE = 'Tue, 24 Nov 2026 12:00:00 GMT';
const NOON = Date.parse(DATE) / 1000;

describe('a token that GitHub refuses', () => {
  const refusal: Answer = { status: 401, message: 'Bad credentials' };

  it.each(['GET', 'PUT'])('for a moment stops no write: %s', async (method) => {
    answers[method]?.push(refusal);
    expect(await open().update('f', 'm', change)).toBe(true);
    expect(requests.filter((request) => request.startsWith('PUT'))).toHaveLength(method === 'PUT' ? 2 : 1);
  });

  it('four times in a row is not valid, and further files are tried once, until it is accepted', async () => {
    const repository = open();
    outage = refusal;
    expect(await failureOf(repository.update('f', 'm', change))).toContain('"github-token" is not valid');
    expect(requests).toHaveLength(4);
    expect(await failureOf(repository.read('g'))).toContain('"github-token" is not valid');
    expect(requests).toHaveLength(5);
    outage = undefined;
    await repository.update('f', 'm', change);
    answers['GET']?.push(refusal);
    expect(await repository.update('f', 'm', change)).toBe(true);
  });
});

describe('a rate limit', () => {
  it.each<[string, Answer, number]>([
    ['seconds', { status: 403, headers: { 'retry-after': '7' } }, 7000],
    [
      'a date',
      { status: 429, headers: { 'retry-after': 'Tue, 24 Nov 2026 12:01:30 GMT' }, date: DATE },
      90_000,
    ],
    [
      'a reset, by the clock of the answer',
      {
        status: 403,
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOON + 20) },
        date: DATE,
      },
      21_000,
    ],
    [
      'a reset that is past',
      {
        status: 403,
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOON - 20) },
        date: DATE,
      },
      1000,
    ],
    ['nothing, 403', { status: 403, message: SECONDARY }, 60_000],
    ['nothing, 429', { status: 429, message: 'Too many requests' }, 60_000],
    [
      'nothing, in the words of older servers',
      { status: 403, message: 'You have triggered an abuse detection mechanism.' },
      60_000,
    ],
    ['something unreadable', { status: 429, headers: { 'retry-after': 'soon' } }, 60_000],
    [
      'a reset, and no clock',
      { status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9' }, date: '' },
      60_000,
    ],
  ])('is waited for as it says: %s', async (_, answer, wait) => {
    expect(await waitsOf(answer)).toEqual([wait]);
    expect(log.join('\n')).toContain(`o/r/f: GitHub's rate limit asks to wait ${wait / 1000} s`);
  });

  it('is waited for twice as long each time where it does not say how long it lasts', async () => {
    const answer = { status: 403, message: SECONDARY };
    expect(await waitsOf(answer, answer, answer)).toEqual([60_000, 120_000, 240_000]);
  });

  it('is waited for at most five times', async () => {
    outage = { status: 429, headers: { 'retry-after': '2' } };
    expect(await failureOf(open().update('f', 'm', change))).toMatch(
      /^MetadataError: o\/r\/f could not be read, tried 6 times/,
    );
    expect(waits).toHaveLength(5);
  });

  it.each<[string, Answer, string]>([
    ['seconds', { status: 429, headers: { 'retry-after': '3600' } }, '1 h 0 min'],
    [
      'a reset',
      {
        status: 403,
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOON + 1800) },
        date: DATE,
      },
      '30 min',
    ],
  ])('that lasts more than five minutes is an error that says how long: %s', async (_, answer, far) => {
    for (const method of ['GET', 'PUT']) {
      answers[method]?.push(answer);
      const message = await failureOf(open().update('f', 'm', change));
      expect(message).toContain(`a rate limit of GitHub is used up for another ${far}; run again then`);
      expect(message).not.toContain('permissions');
    }
    expect(waits).toEqual([]);
  });

  it('is waited for by reads too, also where the message does not mention one', async () => {
    answers['GET']?.push({ status: 403, message: 'Slow down', headers: { 'retry-after': '5' } });
    expect(await open().read('f')).toBeUndefined();
    answers['GET']?.push({ status: 429, headers: { 'retry-after': '6' } }, { status: 200 });
    await open().check();
    expect(waits.map((ms) => Math.floor(ms / 1000))).toEqual([5, 6]);
  });
});

describe('a temporary fault', () => {
  it.each([408, 500, 502, 503, 504])('is retried, of reads and of writes: %d', async (status) => {
    for (const list of Object.values(answers)) list.push({ status }, { status });
    await open().update('f', 'm', change);
    // Each time from the read on.
    expect(requests).toEqual(['GET f', 'GET f', 'GET f', 'PUT f', 'GET f', 'PUT f', 'GET f', 'PUT f']);
  });

  it('of a read leaves an update the patience of a write', async () => {
    answers['GET']?.push(...Array.from({ length: 14 }, () => ({ status: 503 })));
    await open().update('f', 'm', change);
    expect(requests.filter((request) => request === 'GET f')).toHaveLength(15);
  });

  it('is reported in one line, without quoting a page', async () => {
    const page = '<html>\n::error::x</html>';
    outage = { status: 503, message: page };
    expect(await failureOf(open().read('f'))).toBe(
      'MetadataError: o/r/f could not be read, tried 6 times: an HTML page',
    );
    outage = { status: 503, message: 'No\n::error::server' };
    expect(await failureOf(open().check())).toBe(
      'MetadataError: o/r could not be read, tried 6 times: No ::error::server',
    );
  });

  it('that outlasts one file leaves the next files one try each, until GitHub answers', async () => {
    const repository = open();
    const session = new WriteSession('announcement');
    outage = { status: 503, message: 'No server' };
    expect(await failureOf(repository.update('one', 'm', change, session))).toContain('tried 15 times');
    expect(await failureOf(repository.update('two', 'm', change, session))).toContain('tried once');
    outage = undefined;
    await repository.update('three', 'm', change, session);
    answers['PUT']?.push({ status: 503 });
    await repository.update('four', 'm', change, session);
    expect(requests.filter((request) => request === 'PUT four')).toHaveLength(2);
  });

  it('that outlasted one save leaves the next save all its patience', async () => {
    const repository = open();
    outage = { status: 503, message: 'No server' };
    const checkpoint = new WriteSession('checkpoint');
    expect(await failureOf(repository.update('one', 'm', change, checkpoint))).toContain('tried 6 times');
    outage = undefined;
    answers['GET']?.push(...Array.from({ length: 14 }, () => ({ status: 503 })));
    await repository.update('one', 'm', change, new WriteSession('final'));
    expect(requests.filter((request) => request === 'PUT one')).toHaveLength(1);
  });

  it('does not keep a later collision from being retried', async () => {
    const repository = open();
    outage = { status: 503, message: 'No server' };
    const session = new WriteSession('announcement');
    await failureOf(repository.update('one', 'm', change, session));
    outage = undefined;
    answers['PUT']?.push({ status: 409, message: 'f does not match abc' });
    await repository.update('two', 'm', change, session);
    expect(requests.filter((request) => request === 'PUT two')).toHaveLength(2);
  });
});

describe('shutdown mode', () => {
  it('sends nothing before a limit ends, and gives up when its time is over', async () => {
    const [begin, end] = [new AbortController(), new AbortController()];
    const shutdown = { signal: begin.signal, end: end.signal, timeLeftMs: () => 120_000 };
    begin.abort();
    outage = { status: 429, message: 'Slow down', headers: { 'retry-after': '60' } };
    const sleep = async (ms: number, signal?: AbortSignal): Promise<void> =>
      delay(ms, undefined, signal ? { signal } : {});
    setTimeout(() => end.abort(), 100);
    expect(await failureOf(open({ shutdown, sleep }).update('f', 'm', change))).toContain(
      'tried once: Slow down',
    );
    expect(requests).toEqual(['GET f']);
    outage = { status: 503, message: 'No server' };
    expect(await failureOf(open({ shutdown, sleep }).update('f', 'm', change))).toContain(
      'tried once: No server',
    );
  });

  it('ends a wait that began before it', async () => {
    const [begin, end] = [new AbortController(), new AbortController()];
    answers['PUT']?.push({ status: 403, message: SECONDARY, headers: { 'retry-after': '200' } });
    const sleep = async (ms: number, signal?: AbortSignal): Promise<void> =>
      delay(ms, undefined, signal ? { signal } : {});
    setTimeout(() => begin.abort(), 50);
    await open({
      shutdown: { signal: begin.signal, end: end.signal, timeLeftMs: () => 300_000 },
      sleep,
    }).update('f', 'm', change);
    expect(requests).toEqual(['GET f', 'PUT f', 'GET f', 'PUT f']);
  });
});
