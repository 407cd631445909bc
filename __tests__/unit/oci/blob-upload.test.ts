import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { startUpload, uploadChunks, uploadWhole } from '../../../src/oci/blob-upload.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { testRegistries } from '../../support/fixtures/clients.ts';
import { seededBytes } from '../../support/fixtures/images.ts';
import { type TestServer, readAll, startServer } from '../../support/network/http.ts';
import { startForwardProxy } from '../../support/network/proxy.ts';
import { createDispatcher } from '../../../src/oci/http/dispatcher.ts';
import { waitUntil } from '../../support/run/process.ts';

const servers: Pick<TestServer, 'close'>[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** A registry that takes `commitMs` after the last byte of a blob before it answers. */
async function slowRegistry(commitMs: number): Promise<TestServer> {
  const server = await startServer(async (request, response) => {
    await readAll(request);
    if (request.method === 'POST') {
      response.writeHead(202, { location: '/v2/a/blobs/uploads/1' }).end();
      return;
    }
    await delay(commitMs);
    response.writeHead(201).end();
  });
  servers.push(server);
  return server;
}

async function upload(server: TestServer, size: number, proxy: { http?: string } = {}): Promise<void> {
  const content = seededBytes(size, 'slow commit');
  const dispatcher = createDispatcher({ timeout: 500, connections: 5, proxy });
  const client = testRegistries({ dispatcher, retries: 0 }).source(server.host);
  const start = await startUpload(client, 'a', digestOf(content), 'a');
  if (start.kind !== 'session') throw new Error('mounted');
  await uploadWhole(client, 'a', digestOf(content), start.location, { size, content });
}

describe('the commit of an upload', () => {
  it('of a large blob may take longer than the timeout of other requests', async () => {
    await expect(upload(await slowRegistry(2500), 3_000_000)).resolves.toBeUndefined();
  });

  it('of a large blob may take longer behind a proxy too', async () => {
    const proxy = await startForwardProxy();
    servers.push(proxy);
    await upload(await slowRegistry(2500), 3_000_000, { http: proxy.url });
    expect(proxy.passed.length).toBeGreaterThan(0);
  });

  it('of a small blob may not', async () => {
    await expect(upload(await slowRegistry(4000), 1000)).rejects.toThrow(/UND_ERR_HEADERS_TIMEOUT/);
  });
});

describe('an upload in chunks', () => {
  it('ends when a chunk is refused, although its source stands still', async () => {
    const server = await startServer(async (request, response) => {
      request.resume();
      response.writeHead(413).end();
    });
    servers.push(server);
    const target = testRegistries({ retries: 0 }).target(server.host);
    const session = target.transport.urlOf('/v2/a/blobs/uploads/1');
    const still = Promise.withResolvers<void>();
    let isEnded = false;
    async function* standingStill(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.alloc(1000);
        await still.promise;
        yield Buffer.alloc(1000);
      } finally {
        isEnded = true;
      }
    }
    const body = { size: 5000, content: standingStill() };
    const digest = digestOf(Buffer.alloc(5000));
    await expect(uploadChunks(target, 'a', digest, session, body, 2000)).rejects.toThrow('status 413');
    still.resolve();
    await waitUntil(async () => isEnded, 'The source was not ended');
  }, 5000);
});
