import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadBlob } from '../../../../src/oci/blob-download.ts';
import type { RegistryClient } from '../../../../src/oci/client.ts';
import { testRegistries } from '../../../support/fixtures/clients.ts';
import { makeImage } from '../../../support/fixtures/images.ts';
import { type TestServer, sendJson, startServer } from '../../../support/network/http.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/registries/memory-registry.ts';

const IMAGE = makeImage({ seed: 'throttling' });
const [[DIGEST, BLOB] = []] = IMAGE.blobs;

let registry: MemoryRegistry;
/** What happened, in order: `429` for that answer, and names that the tests choose. */
let events: string[];
let servers: TestServer[];

beforeEach(async () => {
  events = [];
  registry = await startMemoryRegistry();
  servers = [registry];
  registry.store.putManifest('ns/a', 'v1', IMAGE.mediaType, IMAGE.bytes);
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
});

async function start(handle: Parameters<typeof startServer>[0]): Promise<TestServer> {
  const server = await startServer(handle);
  servers.push(server);
  return server;
}

/** Clients that really wait between tries. */
function registries(): ReturnType<typeof testRegistries> {
  return testRegistries({ sleep: async (ms, signal) => delay(ms, undefined, signal ? { signal } : {}) });
}

/** Answers the first time with 429, and then says false. */
function throttle(headers: Record<string, string>): (response: ServerResponse) => boolean {
  let isFirst = true;
  return (response) => {
    if (!isFirst) return false;
    isFirst = false;
    events.push('429');
    response.writeHead(429, headers).end();
    return true;
  };
}

async function head(client: RegistryClient): Promise<unknown> {
  return client.headManifest('ns/a', 'v1');
}

describe('a 429', () => {
  it.each([
    ['for N seconds', () => ({ 'retry-after': '1' }), 950],
    ['until a time', () => ({ 'retry-after': new Date(Date.now() + 2000).toUTCString() }), 950],
    ['without Retry-After', () => ({}), 240],
  ])('%s pauses all requests to its host, and none to another', async (_, headers, least) => {
    const other = await startMemoryRegistry();
    servers.push(other);
    other.store.putManifest('ns/a', 'v1', IMAGE.mediaType, IMAGE.bytes);
    other.intercept = () => events.push('other') === 0;
    const refuse = throttle(headers());
    registry.intercept = (_request, response) => refuse(response) || events.push('own') === 0;
    const clients = registries();
    const [own, others] = [clients.source(registry.host), clients.source(other.host)];
    const started = performance.now();
    const first = head(own);
    while (!events.includes('429')) await delay(5);
    // Its response is being sent.
    await delay(50);
    const many = [1, 2, 3, 4, 5].flatMap(() => [head(own), head(others)]);
    await Promise.all([first, ...many]);
    expect(events).toEqual(['429', ...Array(5).fill('other'), ...Array(6).fill('own')]);
    expect(performance.now() - started).toBeGreaterThan(least);
  });

  it('of a storage host pauses requests to that host, and no others', async () => {
    const refuse = throttle({ 'retry-after': '1' });
    const storage = await start(async (_, response) => {
      if (refuse(response)) return;
      events.push('storage');
      response.end(BLOB);
    });
    registry.intercept = ({ url = '' }, response) => {
      if (url.includes('/blobs/')) response.writeHead(307, { location: `${storage.url}/blob` }).end();
      else events.push('registry');
      return url.includes('/blobs/');
    };
    const client = registries().source(registry.host);
    const descriptor = { digest: DIGEST ?? IMAGE.digest, size: BLOB?.length ?? 0 };
    const read = async (): Promise<unknown> => Array.fromAsync(downloadBlob(client, 'ns/a', descriptor));
    const first = read();
    while (!events.includes('429')) await delay(5);
    await delay(50);
    await Promise.all([first, read(), head(client), read(), head(client)]);
    expect(events).toEqual(['429', 'registry', 'registry', 'storage', 'storage', 'storage']);
  });

  it('of the token service pauses token requests', async () => {
    const refuse = throttle({ 'retry-after': '1' });
    const tokens = await start(async (_, response) => {
      if (refuse(response)) return;
      events.push('token');
      sendJson(response, 200, { token: 't', expires_in: 300 });
    });
    registry.intercept = ({ headers }, response) => {
      if (headers.authorization === 'Bearer t') return events.push('registry') === 0;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${tokens.url}/token",service="x"` }).end();
      return true;
    };
    await head(registries().source(registry.host));
    expect(events).toEqual(['429', 'token', 'registry']);
  });

  it('of the token service for too long a pause fails requests until it is over, and no longer', async () => {
    let now = 0;
    const refuse = throttle({ 'retry-after': '1200' });
    const tokens = await start(async (_, response) => {
      if (!refuse(response)) sendJson(response, 200, { token: 't', expires_in: 300 });
    });
    registry.intercept = ({ headers }, response) => {
      if (headers.authorization === 'Bearer t') return false;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${tokens.url}/token",service="x"` }).end();
      return true;
    };
    const client = testRegistries({ retries: 0, clock: () => now }).source(registry.host);
    for (const minutes of [0, 6, 12, 18]) {
      now = minutes * 60_000;
      await expect(head(client)).rejects.toMatchObject({ status: 429 });
    }
    now = 21 * 60_000;
    expect(await head(client)).toMatchObject({ digest: IMAGE.digest });
  });

  it('for too long a pause fails all requests to its host at once, with the reason', async () => {
    registry.intercept = (_, response) => throttle({ 'retry-after': '3600' })(response);
    const client = registries().source(registry.host);
    const results = await Promise.allSettled(Array.from({ length: 60 }, async () => head(client)));
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: { status: 429, retryAfter: 3_600_000 } });
    await expect(head(client)).rejects.toThrow(/status 429/);
    // Fifty requests may be pending at once.
    expect(events).toHaveLength(50);
  });
});

describe('a 503', () => {
  /** Times, in milliseconds, at which requests arrived; only the waits of the client move the clock. */
  async function timesOf(headers: Record<string, string>, count: number): Promise<number[]> {
    const times: number[] = [];
    let now = 0;
    registry.intercept = (_, response) => {
      times.push(now);
      if (times.length > 1) return false;
      response.writeHead(503, headers).end();
      return true;
    };
    const client = testRegistries({
      retries: 0,
      sleep: async (ms) => void (now += ms),
      clock: () => now,
    }).source(registry.host);
    await expect(head(client)).rejects.toMatchObject({ status: 503, isRateLimit: false });
    for (let index = 1; index < count; index += 1) await head(client);
    return times;
  }

  it('with Retry-After pauses all requests to its host', async () => {
    expect(await timesOf({ 'retry-after': '30' }, 3)).toEqual([0, 30_000, 30_000]);
  });

  it('without Retry-After pauses none', async () => {
    expect(await timesOf({}, 3)).toEqual([0, 0, 0]);
  });

  it('for too long a pause fails all requests to its host at once', async () => {
    await expect(timesOf({ 'retry-after': '3600' }, 2)).rejects.toMatchObject({
      status: 503,
      retryAfter: 3_600_000,
    });
    expect(registry.requests).toHaveLength(1);
  });
});
