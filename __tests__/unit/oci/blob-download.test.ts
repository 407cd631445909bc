import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadBlob, downloadWhole } from '../../../src/oci/blob-download.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { RegistryError } from '../../../src/oci/errors.ts';
import { testRegistries } from '../../support/fixtures/clients.ts';
import { seededBytes } from '../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';
import { waitUntil } from '../../support/run/process.ts';

const BLOB = seededBytes(300_000, 'download');
const DESCRIPTOR = { digest: digestOf(BLOB), size: BLOB.length };

let registry: MemoryRegistry;
/** What the registry was asked for of the blob: where the rest begins. */
let asked: number[];

beforeEach(async () => {
  asked = [];
  registry = await startMemoryRegistry();
  registry.store.putBlob('a', BLOB);
});
afterEach(async () => {
  await registry.close();
});

/** Answers the first requests for the blob by `answers`, one each. */
function answering(...answers: ((response: ServerResponse, from: number) => unknown)[]): void {
  registry.intercept = ({ headers }, response) => {
    const from = Number(/\d+/.exec(headers.range ?? '0')?.[0]);
    asked.push(from);
    const answer = answers.shift();
    answer?.(response, from);
    return answer !== undefined;
  };
}

async function streamed(signal?: AbortSignal, timeout = 5000): Promise<Buffer> {
  const client = testRegistries({ retries: 0, timeout }).source(registry.host);
  return Buffer.concat(await Array.fromAsync(downloadBlob(client, 'a', DESCRIPTOR, signal)));
}

async function whole(): Promise<Buffer> {
  const client = testRegistries({ retries: 0 }).source(registry.host);
  return Buffer.from(await downloadWhole(client, 'a', DESCRIPTOR));
}

/** Headers, these bytes, and the end of the connection. */
const breaking =
  (end: number, status = 200) =>
  (response: ServerResponse, from: number): unknown =>
    response
      .writeHead(status, { 'content-length': BLOB.length - from })
      .write(BLOB.subarray(from, end), () => response.destroy());

describe.each([
  ['streamed', streamed],
  ['whole', whole],
])('a download, %s', (_way, download) => {
  it('is resumed where it ended early', async () => {
    answering((response) => response.end(BLOB.subarray(0, 100_000)));
    expect((await download()).equals(BLOB)).toBe(true);
    expect(asked).toEqual([0, 100_000]);
  });

  it('reports its bytes when it ends early again and again', async () => {
    const none = (response: ServerResponse): unknown => response.writeHead(206).end();
    answering((response) => response.end(BLOB.subarray(0, 1000)), none);
    const failure = download();
    await expect(failure).rejects.toThrow(`received 1000 bytes of ${DESCRIPTOR.digest}, which has 300000`);
    await expect(failure).rejects.toMatchObject({ retryable: true });
  });

  it('is complete when all bytes arrived before the connection broke', async () => {
    answering((response) =>
      response.writeHead(200, { 'content-length': BLOB.length + 5 }).write(BLOB, () => response.destroy()),
    );
    expect((await download()).equals(BLOB)).toBe(true);
    expect(asked).toEqual([0]);
  });

  it('starts again when the registry supports no ranges', async () => {
    answering(breaking(150_000), (response) => response.writeHead(416).end());
    expect((await download()).equals(BLOB)).toBe(true);
    expect(asked).toEqual([0, 150_000, 0]);
  });

  it.each([
    ['before', 100_000],
    ['at', 150_000],
  ])('uses the rest of a range that begins %s the requested one', async (_where, start) => {
    answering(breaking(150_000), (response) =>
      response.writeHead(206, { 'content-range': `bytes ${start}-299999/300000` }).end(BLOB.subarray(start)),
    );
    expect((await download()).equals(BLOB)).toBe(true);
  });

  it('refuses a range that begins after the requested one', async () => {
    answering(breaking(150_000), (response) =>
      response.writeHead(206, { 'content-range': 'bytes 200000-299999/300000' }).end(BLOB.subarray(200_000)),
    );
    await expect(download()).rejects.toThrow(
      'the bytes from 150000 on were requested, and those from 200000 on were sent',
    );
  });

  it('throws a retryable error when it breaks before its first byte', async () => {
    answering(breaking(0));
    const error: unknown = await download().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RegistryError);
    expect(error).toMatchObject({
      retryable: true,
      method: 'GET',
      url: expect.stringContaining(DESCRIPTOR.digest),
    });
  });
});

describe('a streamed download', () => {
  it('closes its connection at once when it is aborted without progress', async () => {
    let closed = false;
    answering((response) => {
      response.writeHead(200, { 'content-length': BLOB.length }).write(BLOB.subarray(0, 1000));
      response.on('close', () => (closed = true));
    });
    const controller = new AbortController();
    const failure = streamed(controller.signal, 60_000);
    setTimeout(() => controller.abort(), 100);
    await expect(failure).rejects.toThrow(/aborted/);
    await waitUntil(async () => closed, 'The connection was not closed');
  });

  it('closes its connection when it is sent another range than it asked for', async () => {
    let closed = false;
    answering(breaking(150_000), (response) => {
      response.on('close', () => (closed = true));
      response.writeHead(206, { 'content-range': 'bytes 200000-9/10' }).end(Buffer.alloc(20_000_000));
    });
    await expect(streamed()).rejects.toThrow('were sent');
    await waitUntil(async () => closed, 'The connection was not closed');
  });
});

describe('a small blob that arrives with its headers', () => {
  const SMALL = Buffer.from('{"os":"linux"}');
  const named = { digest: digestOf(SMALL), size: SMALL.length };
  const read = async (descriptor = named): Promise<Buffer> => {
    const client = testRegistries({ retries: 0 }).source(registry.host);
    return Buffer.from(await downloadWhole(client, 'a', descriptor));
  };

  it('is read with one request', async () => {
    answering((response) => response.end(SMALL));
    expect(await read()).toEqual(SMALL);
    expect(asked).toHaveLength(1);
  });

  it('may be empty', async () => {
    answering((response) => response.writeHead(200, { 'content-length': 0 }).end());
    expect(await read({ digest: digestOf(new Uint8Array()), size: 0 })).toHaveLength(0);
  });

  it.each([
    ['has another digest', SMALL, { ...named, digest: DESCRIPTOR.digest }, 'does not have that digest'],
    [
      'is longer',
      Buffer.concat([SMALL, SMALL]),
      named,
      `received more than 28 bytes of ${named.digest}, which has 14`,
    ],
  ])('is refused when it %s, with one request', async (_, sent, descriptor, reason) => {
    answering((response) => response.end(sent));
    await expect(read(descriptor)).rejects.toThrow(reason);
    expect(asked).toHaveLength(1);
  });

  it('is resumed when it is shorter', async () => {
    answering(
      (response) => response.end(SMALL.subarray(0, 4)),
      (response, from) =>
        response.writeHead(206, { 'content-range': `bytes ${from}-13/14` }).end(SMALL.subarray(from)),
    );
    expect(await read()).toEqual(SMALL);
    expect(asked).toEqual([0, 4]);
  });

  it('is read without the compression that a gateway added', async () => {
    answering((response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(SMALL)));
    expect(await read()).toEqual(SMALL);
    expect(asked).toHaveLength(1);
  });
});
