import { Octokit } from 'octokit';
import { Agent } from 'undici';
import { describe, expect, it } from 'vitest';
import { createGitHubClient } from '../../../src/github/client.ts';
import { MetadataRepository, gitBlobSha } from '../../../src/github/repository.ts';
import { NOTHING_FILTERED_OUT } from '../../../src/mirror/filters.ts';
import { escapeMarkdown } from '../../../src/mirror/markdown.ts';
import { insertSection, renderSection } from '../../../src/record/changelog.ts';
import { parseNamespaceManifest } from '../../../src/record/namespace-manifest.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { readAll, sendJson, startServer } from '../../support/network/http.ts';

const E = { path: 'p.json', source: 'gcr.io/ns', target: 'docker.io/m' };
const parse = (j: unknown) => () => parseNamespaceManifest(new TextEncoder().encode(JSON.stringify(j)), E);
const res = (namespace: string, tag: string) => ({
  namespace,
  target: 't',
  copied: [
    {
      image: 'i',
      target: 't',
      digest: `sha256:${'a'.repeat(64)}` as const,
      added: [tag],
      updated: [],
      bytes: 0,
    },
  ],
  failures: [],
  unsupported: [],
  unchanged: 0,
  gone: [],
  pending: 0,
  adopted: 0,
  filteredOut: NOTHING_FILTERED_OUT,
  notRechecked: 0,
  referrers: 0,
  referrerBytes: 0,
  referrersUnchecked: 0,
});
const sec = (namespace: string, runKey: string, tag = 'v1') =>
  renderSection(res(namespace, tag), { time: new Date(0), timezone: 'UTC', runKey });

describe('bugs', () => {
  it('gcrsync line with no colon', () => {
    expect(parse(['base'])).toThrow('image:tag');
  });
  it('newer version of another shape', () => {
    expect(parse({ version: 2, namespaces: [] })).toThrow('newer version');
  });
  it('entity escape', () => {
    expect(escapeMarkdown('<b>&')).toBe('&#60;b&#62;&#38;');
  });
  it('issue number', () => {
    expect(escapeMarkdown('see #12')).toBe('see \\#\u200b12');
  });
  it('marker collision', () => {
    const ns = ['gcr.io/a--b', 'gcr.io/a_b', 'gcr.io/a---b'];
    const t = ns.reduce<string | undefined>(
      (b, n) => insertSection(b, sec(n, 'k'), { runKey: 'k', namespace: n }),
      undefined,
    );
    expect(t?.match(/^## /gm)).toHaveLength(3);
  });
  it('text below the replaced section stays', () => {
    const job = { runKey: 'k', namespace: 'n' };
    const t = `${insertSection('# Changelog\n', sec('n', 'k'), job)}\n# Before 2020\n\nold text\n`;
    expect(insertSection(t, sec('n', 'k', 'v2'), job)).toContain('old text');
  });
  it('newest first above gcrsync-like deeper headings', () => {
    const t = insertSection('# Changelog\n\n### 2019\n\n- x\n', sec('n', 'k'), {
      runKey: 'k',
      namespace: 'n',
    });
    expect(t.indexOf('### 2019')).toBeGreaterThan(t.indexOf('## 1970'));
  });
});

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
const q = { debug() {}, info() {}, warn() {}, error() {} };
const repoAt = (
  url: string,
  waits: number[] = [],
  octokit = new Octokit({
    auth: 'x',
    baseUrl: url,
    log: q,
    throttle: { enabled: false },
    retry: { retryAfterBaseValue: 1 },
  }),
) =>
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

it('does not replace the section of another job whose own heading somebody removed', () => {
  const [one, two] = ['one', 'two'].map((runKey) => ({ runKey, namespace: 'n' }));
  const before = insertSection(
    insertSection(undefined, sec('n', 'one'), one ?? never()),
    sec('n', 'two', 'v2'),
    two ?? never(),
  );
  const headless = before.replace(/## [^\n]*\n(?![\s\S]*## )/, '');
  const after = insertSection(headless, sec('n', 'one', 'v3'), one ?? never());
  expect(after).toContain('`v2`');
  expect(after).toContain('`v3`');
});

function never(): never {
  throw new Error('never');
}

describe('repository bugs', () => {
  it.each([
    'Cannot change this locked branch',
    'Required status check "ci" is expected.',
    'Commits must have verified signatures.',
    "You're not authorized to push to this branch.",
  ])('409 %s is not retried', async (message) => {
    await withServer(
      (_, m) => (m === 'PUT' ? { status: 409, message } : { status: 404, message: 'Not Found' }),
      async (url, puts) => {
        await expect(repoAt(url).update('a', 'm', bytes)).rejects.toThrow('its branch is protected');
        expect(puts()).toBe(1);
      },
    );
  });
  it.each([
    [429, 'Too Many Requests'],
    [403, 'You have exceeded a secondary rate limit.'],
  ])('%d with retry-after is waited for', async (status, message) => {
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
  it('an appending change is not applied twice', async () => {
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
  it('a bug in a plugin is not tried again', async () => {
    const octokit = new Octokit({
      auth: 'x',
      baseUrl: 'http://127.0.0.1:9',
      log: q,
      throttle: { enabled: false },
    });
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
  it('a body that breaks is read again', async () => {
    const dispatcher = new Agent();
    await withServer(
      (n) => (n === 1 ? 'cut' : { status: 200, raw: 'whole' }),
      async (url) => {
        const octokit = createGitHubClient({ token: 'x', apiUrl: url, dispatcher, logger: silentLogger });
        expect(new TextDecoder().decode(await repoAt(url, [], octokit).read('a'))).toBe('whole');
      },
    );
    await dispatcher.close();
  });
});
