import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadBlob } from '../../../../src/oci/blob-download.ts';
import type { RegistryClient } from '../../../../src/oci/client.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { testRegistries } from '../../../support/fixtures/clients.ts';
import { makeImage } from '../../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/registries/memory-registry.ts';

const IMAGE = makeImage({ seed: 'patience' });
const [[, BLOB = Buffer.alloc(0)] = []] = IMAGE.blobs;
const DESCRIPTOR = { digest: digestOf(BLOB), size: BLOB.length };

let registry: MemoryRegistry;
/** Milliseconds; only the waits of the client move it. */
let now: number;
let log: string[];

beforeEach(async () => {
  now = 0;
  log = [];
  registry = await startMemoryRegistry();
  registry.store.putBlob('ns/a', BLOB);
  registry.store.putManifest('ns/a', 'v1', IMAGE.mediaType, IMAGE.bytes);
});
afterEach(async () => registry.close());

/** Answers 503 until `seconds` have passed. */
function outageOf(seconds: number): void {
  registry.intercept = (_, response) => {
    if (now >= seconds * 1000) return false;
    response.writeHead(503).end('restarting');
    return true;
  };
}

/** With the default of the input `retries`. */
function client(): RegistryClient {
  return testRegistries({
    retries: 5,
    sleep: async (ms) => void (now += ms),
    clock: () => now,
    logger: { debug: () => {}, info: (line) => log.push(line), warning: () => {} },
  }).source(registry.host);
}

const REQUESTS: [what: string, send: (mine: RegistryClient) => Promise<unknown>][] = [
  ['a list', async (mine) => mine.listTags('ns/a')],
  ['a HEAD', async (mine) => mine.headManifest('ns/a', 'v1')],
  ['a manifest', async (mine) => mine.getManifest('ns/a', 'v1')],
  ['a blob', async (mine) => Array.fromAsync(downloadBlob(mine, 'ns/a', DESCRIPTOR))],
  [
    'a push',
    async (mine) =>
      mine
        .putManifest('ns/b', IMAGE.digest, {
          ...IMAGE,
          bytes: Buffer.from('{}'),
          digest: digestOf(Buffer.from('{}')),
        })
        .catch((error: unknown) => {
          // The registry answers again, and refuses this manifest.
          if (!String(error).includes('status 400')) throw error;
        }),
  ],
];

describe('an outage of 40 s', () => {
  it.each(REQUESTS)('does not fail %s', async (_, send) => {
    outageOf(40);
    await send(client());
    expect(now).toBeGreaterThanOrEqual(40_000);
  });
});

describe('an outage of hours', () => {
  it.each(REQUESTS)('fails %s after about a minute', async (_, send) => {
    outageOf(10_000);
    await expect(send(client())).rejects.toMatchObject({ status: 503, isExhausted: true });
    expect(now).toBeGreaterThan(45_000);
    expect(now).toBeLessThan(90_000);
    expect(registry.requests).toHaveLength(6);
  });
});

describe('a retry', () => {
  it('is in the log, with host and repository', async () => {
    outageOf(0.3);
    await client().headManifest('ns/a', 'v1');
    expect(log).toEqual([
      expect.stringMatching(`HEAD ${registry.url}/v2/ns/a/manifests/v1: status 503.*; retry 1 of 5 in 1 s`),
    ]);
  });
});
