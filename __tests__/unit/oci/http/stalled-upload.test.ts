import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { uploadWhole } from '../../../../src/oci/blob-upload.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { testRegistries } from '../../../support/fixtures/clients.ts';
import { seededBytes } from '../../../support/fixtures/images.ts';
import { readAll, startServer } from '../../../support/network/http.ts';
import { freePort } from '../../../support/run/process.ts';

const LAYER = seededBytes(20_000_000, 'stalled');
const TIMEOUT_MS = 100;
/** How long the target may take nothing. */
const STALL_MS = 10 * TIMEOUT_MS;

const servers: { close: () => Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** A target that takes all of an upload, and `commitMs` for its answer. */
async function reading(commitMs = 0): Promise<string> {
  const server = await startServer(async (request, response) => {
    await readAll(request);
    await delay(commitMs);
    response.writeHead(201).end();
  });
  servers.push(server);
  return server.host;
}

/** A target that stops reading. */
async function stalling(): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.pause());
    servers.push({ close: async () => socket.destroy() });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  servers.push({ close: async () => server.close() });
  return `127.0.0.1:${port}`;
}

/** @param stillMs how long the source stands still in the middle */
async function upload(host: string, stillMs = 0): Promise<void> {
  async function* content(): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < LAYER.length; offset += 100_000) {
      if (offset === 10_000_000) await delay(stillMs);
      yield LAYER.subarray(offset, offset + 100_000);
    }
  }
  const target = testRegistries({ retries: 0, timeout: TIMEOUT_MS }).target(host);
  const session = target.transport.urlOf('/v2/a/blobs/uploads/1');
  await uploadWhole(target, 'a', digestOf(LAYER), session, { size: LAYER.length, content: content() });
}

describe('the upload of a large blob', () => {
  it('fails after ten times the timeout when its target takes nothing more', async () => {
    await expect(upload(await stalling())).rejects.toMatchObject({
      message: expect.stringContaining('UND_ERR_HEADERS_TIMEOUT: The upload was stalled'),
      retryable: true,
    });
  }, 5000);

  it('may wait longer for its source', async () => {
    await expect(upload(await reading(), 1.5 * STALL_MS)).resolves.toBeUndefined();
  });

  it('may wait longer for its commit', async () => {
    await expect(upload(await reading(1.5 * STALL_MS))).resolves.toBeUndefined();
  });
});
