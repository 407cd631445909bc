import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Patience } from '../../../../src/copy/patience.ts';
import { BlobReader, SharedDownload } from '../../../../src/copy/registry/shared-download.ts';
import { ContentError } from '../../../../src/oci/blob-download.ts';
import type { RegistryClient } from '../../../../src/oci/client.ts';
import { type Digest, digestOf } from '../../../../src/oci/digest.ts';
import { testClient } from '../../../support/fixtures/clients.ts';
import { digest as otherDigest } from '../../../support/fixtures/digests.ts';
import { fastTime } from '../../../support/fixtures/fast-patience.ts';
import { seededBytes } from '../../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/registries/memory-registry.ts';

const CONTENT = seededBytes(8 * 1024 ** 2, 'blob');
const targets = ['a.example', 'b.example', 'c.example'].map(testClient);

let source: MemoryRegistry;
let digest: Digest;

beforeEach(async () => {
  source = await startMemoryRegistry();
  digest = source.store.putBlob('img', CONTENT);
});
afterEach(async () => source.close());

function startReaders(from = ['img', 'img', 'img'], what = digest): BlobReader[] {
  const client = testClient(source.host);
  const blob = { mediaType: '', digest: what, size: CONTENT.length };
  return targets.map(
    (target, index) => new BlobReader({ source: client, from: from[index] ?? '', target, blob }),
  );
}

async function read(
  reader: BlobReader | undefined,
  before?: (bytes: number) => Promise<void>,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of reader?.open(new AbortController().signal) ?? []) {
      bytes += chunk.length;
      await before?.(bytes);
      chunks.push(chunk);
    }
    return digestOf(Buffer.concat(chunks));
  } catch (error) {
    return error instanceof ContentError ? 'corrupt' : String(error);
  } finally {
    reader?.leave();
  }
}

const run = (readers: readonly BlobReader[], factor = 100): Promise<void> =>
  new SharedDownload(readers, new Patience<RegistryClient>(fastTime(factor))).run();

describe('SharedDownload', () => {
  it('sends one download to all readers', async () => {
    const readers = startReaders();
    const [, ...contents] = await Promise.all([run(readers, 1), ...readers.map(async (one) => read(one))]);
    expect(contents).toEqual([digest, digest, digest]);
    expect(source.requests).toHaveLength(1);
  });

  it('is not started for readers that leave, and does not wait for them', async () => {
    const readers = startReaders();
    const downloading = run(readers, 1);
    for (const reader of readers.slice(1)) reader.leave();
    expect(await read(readers[0])).toBe(digest);
    await downloading;
    const none = startReaders();
    for (const reader of none) reader.leave();
    await run(none, 1);
    expect(source.requests).toHaveLength(1);
  });

  it('ends when all readers have left', async () => {
    const readers = startReaders();
    const downloading = run(readers, 1);
    const breaking = async (): Promise<void> => {
      throw new Error('the target is full');
    };
    const results = await Promise.all(readers.map(async (one) => read(one, breaking)));
    expect(new Set(results)).toEqual(new Set(['Error: the target is full']));
    await downloading;
  });

  it('goes on for the others when the upload of one breaks off', async () => {
    const readers = startReaders();
    const breaking = async (bytes: number): Promise<void> => {
      if (bytes > 1_000_000) throw new Error('connection reset');
    };
    const reading = readers.map(async (one, index) => read(one, index === 1 ? breaking : undefined));
    await run(readers, 1);
    expect(await Promise.all(reading)).toEqual([digest, 'Error: connection reset', digest]);
    expect(source.requests).toHaveLength(1);
  });

  it('lets a reader that holds up the others continue from where it is', async () => {
    const readers = startReaders();
    const othersEnded = Promise.withResolvers<void>();
    const waiting = async (bytes: number): Promise<void> => {
      if (bytes > 100_000) await othersEnded.promise;
    };
    const slow = read(readers[1], waiting);
    const others = Promise.all([read(readers[0]), read(readers[2])]);
    await run(readers);
    expect(await others).toEqual([digest, digest]);
    othersEnded.resolve();
    expect(await slow).toBe(digest);
    expect(source.requests.map(({ range }) => range)).toEqual([
      undefined,
      expect.stringMatching(/^bytes=\d{7}-$/),
    ]);
  });

  it('is as fast as its slowest reader while there is patience with it', async () => {
    const readers = startReaders();
    let isSlow = true;
    const slow = read(readers[1], async () => {
      if (isSlow) await delay(100);
      isSlow = false;
    });
    const [, ...contents] = await Promise.all([run(readers, 1), read(readers[0]), read(readers[2]), slow]);
    expect(contents).toEqual([digest, digest, digest]);
    expect(source.requests).toHaveLength(1);
  });

  it('starts without a reader that does not ask in time', async () => {
    const readers = startReaders();
    const others = Promise.all([read(readers[0]), read(readers[2])]);
    await run(readers);
    expect(await others).toEqual([digest, digest]);
    expect(await read(readers[1])).toBe(digest);
    expect(source.requests).toHaveLength(2);
  });

  it('tells each reader that the content is corrupt, and downloads it once', async () => {
    source.intercept = (_, response) => {
      const corrupt = Buffer.from(CONTENT);
      corrupt[5] = (corrupt[5] ?? 0) + 1;
      response.end(corrupt);
      return true;
    };
    const readers = startReaders();
    const reading = readers.map(async (one) => read(one));
    await run(readers, 1);
    expect(await Promise.all(reading)).toEqual(['corrupt', 'corrupt', 'corrupt']);
    expect(source.requests).toHaveLength(1);
  });

  it('reads from another repository what the first does not have', async () => {
    const readers = startReaders(['other', 'other', 'img']);
    const reading = readers.map(async (one) => read(one));
    await run(readers, 1);
    const missing = expect.stringContaining('404');
    expect(await Promise.all(reading)).toEqual([missing, missing, digest]);
  });

  it('reports to all readers that the source has no such blob', async () => {
    const readers = startReaders(undefined, otherDigest(7));
    const reading = readers.map(async (one) => read(one));
    await run(readers, 1);
    for (const result of await Promise.all(reading)) expect(result).toContain('404');
    expect(source.requests).toHaveLength(1);
  });
});
