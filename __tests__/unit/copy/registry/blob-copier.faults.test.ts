import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type Digest, digestOf } from '../../../../src/oci/digest.ts';
import {
  copyImage,
  expectHeld,
  startCopying,
  taskOf,
  observe,
  uploadsTo,
} from '../../../support/fixtures/copying.ts';
import { type TestImage, makeImage, makeIndex, pushImage } from '../../../support/fixtures/images.ts';
import { restartTarget, source, target, useRegistryPair } from '../../../support/fixtures/registry-pair.ts';
import { readAll } from '../../../support/network/http.ts';
import { type MemoryRegistry, refuse } from '../../../support/registries/memory-registry.ts';
import { waitUntil } from '../../../support/run/process.ts';

useRegistryPair();

type Fault = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Answers the first `times` requests that match with `fault`. */
function failing(
  registry: MemoryRegistry,
  times: number,
  matches: (request: IncomingMessage) => boolean,
  fault: Fault,
): { happened: number } {
  const counter = { happened: 0 };
  registry.intercept = async (request, response) => {
    if (counter.happened === times || !matches(request)) return false;
    counter.happened += 1;
    await fault(request, response);
    return true;
  };
  return counter;
}

const isUpload = ({ method, url = '' }: IncomingMessage): boolean =>
  method === 'PUT' && url.includes('/blobs/uploads/');
const isTag = ({ method, url = '' }: IncomingMessage): boolean =>
  method === 'PUT' && url.endsWith('/manifests/v1');

async function copy(image: TestImage, timeout?: number): Promise<void> {
  const copying = startCopying(source, target, timeout === undefined ? {} : { timeout });
  expect(await copyImage(source, copying, image)).toEqual(['v1']);
}

/** One small and one large blob. */
const image = (seed: string): TestImage => makeImage({ seed, layers: [1000, 400_000] });

function largeOf({ blobs }: TestImage): Digest {
  const [digest] = Array.from(blobs).find(([, bytes]) => bytes.length > 300_000) ?? [];
  if (digest === undefined) throw new Error('no large blob');
  return digest;
}

describe('an upload', () => {
  it.each([
    ['whose session the registry has lost', 404, 'BLOB_UPLOAD_UNKNOWN'],
    ['whose session is answered with a page', 404, ''],
    ['that arrived damaged', 400, 'DIGEST_INVALID'],
    ['that arrived short', 400, 'SIZE_INVALID'],
    ['whose token is refused', 401, 'UNAUTHORIZED'],
  ])('%s starts again', async (_, status, code) => {
    const content = image('lost');
    const counter = failing(target, 4, isUpload, async (request, response) => {
      await readAll(request);
      if (code === '') response.writeHead(status).end('<html>not here</html>');
      else refuse(response, status, code, '');
    });
    await copy(content);
    expectHeld(target, content);
    expect(counter.happened).toBe(4);
  });

  it('whose session is at an unreachable host starts again', async () => {
    const content = image('nobody');
    const isStart = ({ method }: IncomingMessage): boolean => method === 'POST';
    failing(target, 3, isStart, (_, response) =>
      response.writeHead(202, { location: 'http://127.0.0.1:1/uploads/1' }).end(),
    );
    await copy(content);
    expectHeld(target, content);
  });

  it('whose session has no location is opened again', async () => {
    const content = image('nowhere');
    failing(
      target,
      3,
      ({ method }) => method === 'POST',
      (_, response) => response.writeHead(202).end(),
    );
    await copy(content);
    expectHeld(target, content);
  });

  it('whose answer was lost is found at the target, and not sent again', async () => {
    const content = image('taken');
    const digests: string[] = [];
    const counter = failing(target, 3, isUpload, async (request, response) => {
      const digest = new URL(request.url ?? '', target.url).searchParams.get('digest') ?? '';
      target.store.putBlob('mirror/img', await readAll(request));
      digests.push(digest);
      response.destroy();
    });
    await copy(content);
    expectHeld(target, content);
    expect(counter.happened).toBe(3);
    expect(new Set(digests).size).toBe(3);
  });

  it('fails at once when the registry asks to wait for an hour', async () => {
    const content = image('hour');
    await pushImage(source.url, 'img', ['v1'], content);
    const counter = failing(target, Infinity, isUpload, async (request, response) => {
      await readAll(request);
      response.writeHead(429, { 'retry-after': '3600' }).end();
    });
    const mine = startCopying(source, target);
    await expect(mine.engine.copy(taskOf(mine, 'img', content), observe())).rejects.toThrow(/status 429/);
    // The uploads that were already running.
    expect(counter.happened).toBeLessThanOrEqual(3);
  });

  it('is sent in chunks when two blobs are too large at the same time', async () => {
    await restartTarget({ maxUpload: 16 * 1024 ** 2 });
    const content = makeImage({ seed: 'too large', layers: [17_000_000, 17_000_000] });
    await copy(content);
    expectHeld(target, content);
  });
});

describe('a mount request', () => {
  const isMount = ({ url = '' }: IncomingMessage): boolean => url.includes('mount=');
  const images = Array.from({ length: 4 }, (_, number) =>
    makeImage({ seed: `mount ${number}`, layers: [1_200_000, 1000] }),
  );

  it.each([[500], [502], [503], [507], [undefined]])(
    'that always fails with status %s is not retried, and not sent for ever',
    async (status) => {
      const mounts = failing(target, Infinity, isMount, (_, response) =>
        status === undefined ? response.destroy() : refuse(response, status, 'UNKNOWN', 'unknown error'),
      );
      const copying = startCopying(source, target);
      for (const [number, one] of images.entries()) {
        await copyImage(source, copying, one, [`v${number}`]);
        expectHeld(target, one, `v${number}`);
      }
      expect(copying.waits).toEqual([]);
      // The first image's three blobs ask at the same time.
      expect(mounts.happened).toBe(3);
    },
  );

  it('that always fails does not lead to an upload of what the target has', async () => {
    failing(target, Infinity, isMount, (_, response) => refuse(response, 500, 'UNKNOWN', 'unknown error'));
    const copying = startCopying(source, target);
    for (const one of images) await pushImage(target.url, 'mirror/img', [one.digest], one);
    target.requests.length = 0;
    for (const [number, one] of images.entries()) await copyImage(source, copying, one, [`v${number}`]);
    // Of the first image, only the large blob is worth a lookup.
    const [first] = images;
    const small = Array.from(first?.blobs ?? []).filter(([, bytes]) => bytes.length < 1_000_000);
    expect(uploadsTo(target).toSorted()).toEqual(small.map(([digest]) => digest).toSorted());
  });

  it('that meets a rate limit is waited for', async () => {
    failing(target, 1, isMount, (_, response) => response.writeHead(429, { 'retry-after': '7' }).end());
    const copying = startCopying(source, target);
    const content = image('limited');
    await copyImage(source, copying, content);
    expectHeld(target, content);
    expect(Math.max(...copying.waits)).toBe(7000);
  });
});

describe('a failed transfer leaves no connection open', () => {
  /** Counts open requests. */
  function counting(
    registry: MemoryRegistry,
    fault: (request: IncomingMessage, response: ServerResponse) => boolean,
  ): { open: number } {
    const counter = { open: 0 };
    registry.intercept = (request, response) => {
      counter.open += 1;
      response.once('close', () => (counter.open -= 1));
      return fault(request, response);
    };
    return counter;
  }

  it('when the upload breaks while the download is stalled', async () => {
    const content = image('upload breaks');
    await pushImage(source.url, 'img', ['v1'], content);
    let stalled = 0;
    const downloads = counting(source, ({ method, url = '' }, response) => {
      if (method !== 'GET' || !url.endsWith(largeOf(content)) || stalled > 0) return false;
      stalled += 1;
      response.writeHead(200, { 'content-length': 400_000 });
      response.write(content.blobs.get(largeOf(content))?.subarray(0, 200_000));
      return true;
    });
    failing(
      target,
      1,
      (request) => isUpload(request) && request.headers['content-length']?.length === 6,
      (request, response) => {
        request.once('data', () => response.destroy());
      },
    );
    await copy(content, 60_000);
    expectHeld(target, content);
    expect(stalled).toBe(1);
    await waitUntil(async () => downloads.open === 0, 'Downloads stayed open');
  });

  it('when a chunk is refused', async () => {
    const content = makeImage({ seed: 'chunk refused', layers: [40_000_000] });
    await pushImage(source.url, 'img', ['v1'], content);
    const downloads = counting(source, () => false);
    let chunks = 0;
    target.intercept = ({ method }, response) => {
      if (method === 'POST') response.setHeader('oci-chunk-min-length', String(16 * 1024 ** 2));
      if (method !== 'PATCH' || (chunks += 1) !== 2) return false;
      refuse(response, 403, 'DENIED', 'no');
      return true;
    };
    const mine = startCopying(source, target, { timeout: 60_000 });
    await expect(mine.engine.copy(taskOf(mine, 'img', content), observe())).rejects.toThrow(/DENIED/);
    await waitUntil(async () => downloads.open === 0, 'Downloads stayed open');
  });

  it('when the download keeps breaking', async () => {
    const content = image('download breaks');
    await pushImage(source.url, 'img', ['v1'], content);
    failing(
      source,
      Infinity,
      ({ url = '' }) => url.endsWith(largeOf(content)),
      (_, response) => {
        response.writeHead(200, { 'content-length': 400_000 });
        response.write(Buffer.alloc(200_000), () => response.destroy());
      },
    );
    const uploads = counting(target, () => false);
    const mine = startCopying(source, target, { timeout: 60_000 });
    await expect(mine.engine.copy(taskOf(mine, 'img', content), observe())).rejects.toThrow(largeOf(content));
    await waitUntil(async () => uploads.open === 0, 'Uploads stayed open');
    expect(target.store.manifest('mirror/img', 'v1')).toBeUndefined();
  });
});

describe('a blob that does not match its digest', () => {
  it('is not downloaded again for each image that contains it', async () => {
    const images = Array.from({ length: 6 }, (_, number) =>
      makeImage({ seed: `shares ${number}`, layers: [400_000], layerSeeds: ['shared and spoilt'] }),
    );
    const [first] = images;
    if (!first) throw new Error('no image');
    const asks = failing(
      source,
      Infinity,
      ({ method, url = '' }) => method === 'GET' && url.endsWith(largeOf(first)),
      (_, response) => response.end(Buffer.alloc(first.blobs.get(largeOf(first))?.length ?? 0)),
    );
    const mine = startCopying(source, target);
    const results = await Promise.allSettled(
      images.map(async (one, number) => {
        await pushImage(source.url, 'img', [`v${number}`], one);
        return mine.engine.copy(taskOf(mine, 'img', one, { tags: [`v${number}`] }), observe());
      }),
    );
    for (const result of results)
      expect(result).toMatchObject({ reason: { message: expect.stringContaining(largeOf(first)) } });
    expect(asks.happened).toBe(4);
  });

  it('is copied for another image that states the right size', async () => {
    const right = image('size');
    const text = Buffer.from(right.bytes).toString();
    const size = right.blobs.get(largeOf(right))?.length ?? 0;
    const bytes = Buffer.from(text.replace(`"size": ${size}`, `"size": ${size - 1}`));
    expect(bytes.equals(right.bytes)).toBe(false);
    const wrong = { ...right, bytes, digest: digestOf(bytes) };
    await pushImage(source.url, 'img', ['v0'], wrong);
    await pushImage(source.url, 'img', ['v1'], right);
    const mine = startCopying(source, target);
    const failure = mine.engine.copy(taskOf(mine, 'img', wrong, { tags: ['v0'] }), observe());
    await expect(failure).rejects.toThrow(/received more than \d+ bytes/);
    await mine.engine.copy(taskOf(mine, 'img', right), observe());
    expectHeld(target, right);
  });
});

describe('a manifest', () => {
  it('whose answer was lost is found at the target, where tags are immutable', async () => {
    const content = image('immutable');
    target.intercept = async (request, response) => {
      if (!isTag(request)) return false;
      const bytes = await readAll(request);
      if (target.store.manifest('mirror/img', 'v1'))
        refuse(response, 400, 'TAG_INVALID', 'tags are immutable');
      else {
        target.store.putManifest('mirror/img', 'v1', content.mediaType, bytes);
        response.destroy();
      }
      return true;
    };
    await copy(content);
    expectHeld(target, content);
  });

  it('that is refused and absent is an error, after one lookup', async () => {
    const content = image('refused');
    await pushImage(source.url, 'img', ['v1'], content);
    failing(target, Infinity, isTag, async (request, response) => {
      await readAll(request);
      refuse(response, 403, 'DENIED', 'no');
    });
    const mine = startCopying(source, target);
    await expect(mine.engine.copy(taskOf(mine, 'img', content), observe())).rejects.toThrow(/DENIED/);
    expect(target.requests.filter(({ method }) => method === 'HEAD')).toHaveLength(1);
  });

  it('that arrived damaged is sent again', async () => {
    const content = makeIndex([image('spoilt 1'), makeImage({ seed: 'spoilt 2', platform: 'linux/arm64' })]);
    const isManifest = ({ method, url = '' }: IncomingMessage): boolean =>
      method === 'PUT' && url.includes('/manifests/');
    failing(target, 3, isManifest, async (request, response) => {
      await readAll(request);
      refuse(response, 400, 'MANIFEST_INVALID', 'manifest invalid');
    });
    await copy(content);
    expectHeld(target, content);
  });

  it('counts as stored though one HEAD names another digest', async () => {
    const content = image('wrong header');
    failing(
      target,
      1,
      ({ method }) => method === 'HEAD',
      (_, response) =>
        response
          .writeHead(200, {
            'content-type': content.mediaType,
            'content-length': '10',
            'docker-content-digest': largeOf(content),
          })
          .end(),
    );
    await copy(content);
    expect(target.requests.filter(isPut)).toHaveLength(1);
  });
});

function isPut({ method, path }: { method: string; path: string }): boolean {
  return method === 'PUT' && path.endsWith('/manifests/v1');
}
