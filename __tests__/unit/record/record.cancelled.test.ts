import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDirectClient } from '../../../src/github/client.ts';
import { gitBlobSha } from '../../../src/github/git-blob-sha.ts';
import { MetadataRepository } from '../../../src/github/repository.ts';
import type { Sleep } from '../../../src/oci/sleep.ts';
import { record } from '../../../src/record/record.ts';
import { unloggedOf } from '../../../src/record/unlogged.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';
import { copied, namespaceResult } from '../../support/fixtures/results.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { type TestServer, readAll, sendJson, startServer } from '../../support/network/http.ts';

/** Milliseconds that a request takes, and those for recording after a cancel: a fifth of the real ones. */
const REQUEST_MS = 80;
const RECORDING_MS = 1000;

let github: TestServer;
let dispatcher: Agent;
/** Files that were written. */
let written: Map<string, string>;
/** Called when the changelog collides with the write of another job. */
let onCollision: () => void;

beforeEach(async () => {
  dispatcher = new Agent();
  written = new Map();
  github = await startServer(async (request, response) => {
    const body = await readAll(request);
    await delay(REQUEST_MS);
    const path = request.url?.split('/contents/')[1] ?? '';
    if (request.method === 'GET') return sendJson(response, 404, { message: 'Not Found' });
    if (path === 'CHANGELOG.md') {
      onCollision();
      return sendJson(response, 409, { message: 'is at 0123 but expected 4567' });
    }
    const { content }: { content: string } = JSON.parse(body.toString());
    const bytes = Buffer.from(content, 'base64');
    written.set(path, bytes.toString());
    return sendJson(response, 201, { content: { sha: gitBlobSha(bytes) } });
  });
});
afterEach(async () => {
  await dispatcher.destroy();
  await github.close();
});

it('a run that is cancelled while other jobs overtake its changelog records its namespace, and marks its tags', async () => {
  const [abort, cutoff] = [new AbortController(), new AbortController()];
  let end = performance.now() + 3_600_000;
  onCollision = () => {
    if (abort.signal.aborted) return;
    end = performance.now() + RECORDING_MS;
    setTimeout(() => cutoff.abort(), RECORDING_MS);
    abort.abort();
  };
  const timeLeftMs = (): number => Math.max(0, end - performance.now());
  const octokit = createDirectClient({
    token: 'x',
    apiUrl: github.url,
    dispatcher,
    logger: silentLogger,
    signal: cutoff.signal,
  });
  const sleep: Sleep = async (ms, signal) => delay(ms, undefined, { signal });
  const common = { sleep, random: Math.random, logger: silentLogger, jobs: 20 };
  const metadata = new MetadataRepository({
    ...common,
    octokit,
    owner: 'o',
    repo: 'r',
    shutdown: { signal: abort.signal, octokit, end: cutoff.signal, timeLeftMs },
  });
  const result = namespaceResult({ namespace: 'gcr.io/ns', copied: [copied('a', { added: ['v1'] })] });
  const recordable = {
    plan: namespacePlan(),
    entries: new Map([['a', new Map([['v1', digest(1)]])]]),
    unlogged: unloggedOf(result.copied),
    named: new Map(),
    log: { result, earlier: new Map() },
    result,
  };
  const { failed } = await record(
    [recordable],
    { changelogPath: 'CHANGELOG.md', timezone: 'UTC' },
    {
      ...common,
      metadata,
      now: () => new Date(0),
      runKey: 'run',
      lifetime: { abort: abort.signal, timeLeftMs },
    },
  );
  expect(failed.size).toBe(0);
  expect(written.get('gcr.io/ns.json')).toContain('"a": { "added": ["v1"] }');
});
