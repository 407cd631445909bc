import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadBlob } from '../../../src/oci/blob-download.ts';
import type { RegistryClient } from '../../../src/oci/client.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { testClient } from '../../support/fixtures/clients.ts';
import { makeImage, seededBytes } from '../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';

/** Registries and gateways that answer otherwise than the specification says, and that docker and containerd pull from. */

const IMAGE = makeImage({ seed: 'gateways' });
/** Already compressed, as layers are: the bytes that its digest names begin as gzip does. */
const LAYER = gzipSync(seededBytes(200_000, 'layer'));
const DESCRIPTOR = { digest: digestOf(LAYER), size: LAYER.length };

let registry: MemoryRegistry;
let client: RegistryClient;

beforeEach(async () => {
  registry = await startMemoryRegistry();
  client = testClient(registry.host);
  for (const bytes of [...IMAGE.blobs.values(), LAYER]) registry.store.putBlob('ns/a', bytes);
  for (const tag of ['v1', 'v2']) registry.store.putManifest('ns/a', tag, IMAGE.mediaType, IMAGE.bytes);
});
afterEach(async () => registry.close());

function methods(): string[] {
  return registry.requests.splice(0).map(({ method }) => method);
}

describe('a registry that refuses HEAD', () => {
  beforeEach(() => {
    registry.intercept = ({ method }, response) => {
      if (method !== 'HEAD') return false;
      response.writeHead(status, { 'content-type': 'text/html' }).end();
      return true;
    };
  });
  let status = 404;

  it.each([400, 403, 404, 405, 501])(
    'with status %d is asked with GET, and not with HEAD again',
    async (refusal) => {
      status = refusal;
      expect((await client.headManifest('ns/a', 'v1'))?.digest).toBe(IMAGE.digest);
      expect(methods()).toEqual(['HEAD', 'GET']);
      expect((await client.headManifest('ns/a', 'v2'))?.digest).toBe(IMAGE.digest);
      expect((await client.findManifest('ns/a', 'v2'))?.digest).toBe(IMAGE.digest);
      expect(methods()).toEqual(['GET', 'GET']);
    },
  );

  it('has no manifest when GET does not find it either', async () => {
    status = 404;
    expect(await client.headManifest('ns/a', 'v9')).toBeUndefined();
    expect(methods()).toEqual(['HEAD', 'GET']);
    expect(await client.findManifest('ns/a', 'v9')).toBeUndefined();
    expect(methods()).toEqual(['HEAD']);
  });
});

describe('a registry that gives a manifest by tag and not by digest', () => {
  beforeEach(() => {
    registry.intercept = ({ url = '' }, response) => {
      if (!url.includes('/manifests/sha256:')) return false;
      response.writeHead(404).end();
      return true;
    };
  });

  it('is read by a tag that had the digest', async () => {
    await client.headManifest('ns/a', 'v1');
    expect((await client.getManifest('ns/a', IMAGE.digest))?.bytes).toEqual(Buffer.from(IMAGE.bytes));
  });

  it('has no such manifest once the tag has moved', async () => {
    await client.headManifest('ns/a', 'v1');
    const other = makeImage({ seed: 'moved' });
    registry.store.putManifest('ns/a', 'v1', other.mediaType, other.bytes);
    expect(await client.getManifest('ns/a', IMAGE.digest)).toBeUndefined();
  });

  it('has no manifest that no tag had', async () => {
    expect(await client.getManifest('ns/a', IMAGE.digest)).toBeUndefined();
  });
});

describe('a gateway that compresses unasked', () => {
  const CODINGS = {
    gzip: gzipSync,
    'x-gzip': gzipSync,
    deflate: deflateSync,
    br: brotliCompressSync,
    zstd: zstdCompressSync,
  };

  /** Sends `bytes` compressed and in chunks, without a length. */
  function send(
    response: ServerResponse,
    coding: keyof typeof CODINGS,
    bytes: Uint8Array,
    type: string,
  ): true {
    response.writeHead(200, { 'content-type': type, 'content-encoding': coding });
    response.write(CODINGS[coding](bytes));
    response.end();
    return true;
  }

  it.each(['gzip', 'x-gzip', 'deflate', 'br', 'zstd'] as const)('is understood: %s', async (coding) => {
    registry.intercept = ({ url = '', method }, response) => {
      if (method === 'HEAD') {
        const headers = { 'content-type': IMAGE.mediaType, 'docker-content-digest': IMAGE.digest };
        response.writeHead(200, { ...headers, 'content-length': 7, 'content-encoding': coding }).end();
        return true;
      }
      if (url.includes('/manifests/')) return send(response, coding, IMAGE.bytes, IMAGE.mediaType);
      if (url.includes('/blobs/')) return send(response, coding, LAYER, 'application/octet-stream');
      return send(response, coding, Buffer.from('{"tags":["v1"]}'), 'application/json');
    };
    expect((await client.getManifest('ns/a', IMAGE.digest))?.digest).toBe(IMAGE.digest);
    expect((await client.getManifest('ns/a', 'v1'))?.digest).toBe(IMAGE.digest);
    expect((await client.headManifest('ns/a', 'v1'))?.size).toBe(IMAGE.bytes.length);
    expect(await client.listTags('ns/a')).toEqual(['v1']);
    expect(Buffer.concat(await Array.fromAsync(downloadBlob(client, 'ns/a', DESCRIPTOR)))).toEqual(LAYER);
  });

  it('is asked not to', async () => {
    let accepted: string | undefined;
    registry.intercept = ({ headers }) => {
      accepted = String(headers['accept-encoding']);
      return false;
    };
    await client.getManifest('ns/a', 'v1');
    expect(accepted).toBe('identity');
  });

  it('and breaks off is read again from the start', async () => {
    let downloads = 0;
    registry.intercept = ({ url = '' }, response) => {
      if (!url.includes('/blobs/')) return false;
      downloads += 1;
      if (downloads > 1) return send(response, 'gzip', LAYER, 'application/octet-stream');
      const compressed = gzipSync(LAYER);
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.write(compressed.subarray(0, compressed.length / 2), () => response.destroy());
      return true;
    };
    expect(Buffer.concat(await Array.fromAsync(downloadBlob(client, 'ns/a', DESCRIPTOR)))).toEqual(LAYER);
    expect(downloads).toBe(2);
  });

  it('differs from storage that keeps a layer with the header of its own compression', async () => {
    registry.intercept = ({ url = '' }, response) => {
      if (!url.includes('/blobs/')) return false;
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': LAYER.length }).end(LAYER);
      return true;
    };
    expect(Buffer.concat(await Array.fromAsync(downloadBlob(client, 'ns/a', DESCRIPTOR)))).toEqual(LAYER);
  });

  it('and sends more than the limit is refused', async () => {
    registry.intercept = (_, response) =>
      send(response, 'gzip', Buffer.alloc(9 * 1024 ** 2, 32), IMAGE.mediaType);
    await expect(client.getManifest('ns/a', 'v1')).rejects.toThrow(/longer than 8 MiB/);
  });
});

describe('a registry that reports sha512', () => {
  const sha512 = `sha512:${createHash('sha512').update(IMAGE.bytes).digest('hex')}` as const;

  it('is believed when the digest is right', async () => {
    registry.intercept = ({ url = '' }, response) => {
      if (url.includes('/manifests/sha256:')) response.writeHead(404).end();
      else
        response
          .writeHead(200, { 'content-type': IMAGE.mediaType, 'docker-content-digest': sha512 })
          .end(IMAGE.bytes);
      return true;
    };
    expect((await client.getManifest('ns/a', 'v1'))?.digest).toBe(sha512);
    expect((await client.getManifest('ns/a', sha512))?.digest).toBe(sha512);
  });
});
