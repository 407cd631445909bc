import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Digest } from '../../../src/oci/digest.ts';
import { type Verdict, adopt } from '../../../src/reconcile/adopt.ts';
import { testClient } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';
import {
  type TestImage,
  makeImage,
  makeIndex,
  makeManifest,
  pushImage,
} from '../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';

let source: MemoryRegistry;
let target: MemoryRegistry;

beforeAll(async () => {
  source = await startMemoryRegistry();
  target = await startMemoryRegistry();
});
afterAll(async () => {
  await Promise.all([source.close(), target.close()]);
});

/** The same image as docker push makes it: layers compressed again, the config kept. */
function recompressed(image: TestImage): TestImage {
  const [config = new Uint8Array()] = image.blobs.values();
  const manifest = v.parse(v.looseObject({}), JSON.parse(Buffer.from(image.bytes).toString()));
  const layer = Buffer.from(`compressed again ${image.digest}`);
  return makeManifest(
    image.mediaType,
    { ...manifest, layers: [], annotations: { layer: layer.toString() } },
    [config],
  );
}

async function judge(
  tag: string,
  wanted: Digest,
  options: { platforms?: string[]; reserve?: number } = {},
): Promise<Verdict | undefined> {
  const [result] = await adopt(
    [{ image: 'img', repository: 'ns/img', tag, descriptor: { digest: wanted } }],
    {
      source: testClient(source.host),
      target: testClient(target.host),
      targetOf: (image) => `mirror/${image}`,
      platformsOf: () => options.platforms ?? 'all',
      reserve: options.reserve ?? 0,
      concurrency: 5,
      signal: new AbortController().signal,
    },
  );
  return result?.verdict;
}

describe('adopt', () => {
  it('finds a tag present when the target has the same digest, with one HEAD', async () => {
    const image = makeImage({ seed: 'same' });
    await pushImage(target.url, 'mirror/img', ['same'], image);
    source.requests.length = 0;
    target.requests.length = 0;
    expect(await judge('same', image.digest)).toEqual({ kind: 'present', entry: image.digest });
    expect([...source.requests, ...target.requests].map(({ method }) => method)).toEqual(['HEAD']);
  });

  it('finds a tag present when both name the same config, and keeps both digests', async () => {
    const image = makeImage({ seed: 'again' });
    const other = recompressed(image);
    await pushImage(source.url, 'ns/img', ['again'], image);
    await pushImage(target.url, 'mirror/img', ['again'], other);
    expect(await judge('again', image.digest)).toEqual({
      kind: 'present',
      entry: { digest: image.digest, target: other.digest },
    });
  });

  it('finds an image with another config, or of one platform of an index, different', async () => {
    const [amd64, arm64] = [
      makeImage({ seed: 'amd64' }),
      makeImage({ seed: 'arm64', platform: 'linux/arm64' }),
    ];
    const index = makeIndex([amd64, arm64]);
    await pushImage(source.url, 'ns/img', ['index'], index);
    await pushImage(target.url, 'mirror/img', ['index'], recompressed(amd64));
    expect(await judge('index', index.digest)).toEqual({ kind: 'different' });
    expect(await judge('index', index.digest, { platforms: ['linux/arm64'] })).toEqual({ kind: 'different' });
    expect(await judge('index', index.digest, { platforms: ['linux/amd64'] })).toMatchObject({
      kind: 'present',
      entry: { digest: index.digest, platforms: ['linux/amd64'] },
    });
  });

  it('finds a tag absent that the target does not have', async () => {
    expect(await judge('missing', digest(1))).toEqual({ kind: 'absent' });
  });

  it('leaves a tag undetermined when the pull limit is reached, or the registry asks to wait', async () => {
    const image = makeImage({ seed: 'limit' });
    await pushImage(source.url, 'ns/img', ['limit'], image);
    await pushImage(target.url, 'mirror/img', ['limit'], recompressed(image));
    target.intercept = (request, response) => {
      response.setHeader('ratelimit-remaining', '20;w=21600');
      return request.method === 'POST';
    };
    expect(await judge('limit', image.digest, { reserve: 20 })).toEqual({ kind: 'undetermined' });
    expect(await judge('limit', image.digest, { reserve: 19 })).toMatchObject({ kind: 'present' });
    target.intercept = (_, response) => {
      response.writeHead(429, { 'retry-after': '0' }).end();
      return true;
    };
    expect(await judge('limit', image.digest)).toEqual({ kind: 'undetermined' });
    delete target.intercept;
  });
});
