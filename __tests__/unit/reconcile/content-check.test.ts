import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ContentFinding, type TargetTag, checkContent } from '../../../src/reconcile/content-check.ts';
import { testClient } from '../../support/fixtures/clients.ts';
import {
  type TestImage,
  makeImage,
  makeIndex,
  makeManifest,
  pushImage,
} from '../../support/fixtures/images.ts';
import {
  type MemoryRegistry,
  refuse,
  startMemoryRegistry,
} from '../../support/registries/memory-registry.ts';

let target: MemoryRegistry;

beforeEach(async () => {
  target = await startMemoryRegistry();
});
afterEach(async () => {
  await target.close();
});

async function check(
  tags: readonly { readonly tag: string; readonly image: TestImage }[],
  signal = new AbortController().signal,
): Promise<ContentFinding[]> {
  const all = tags.map(({ tag, image: { digest } }): TargetTag => ({ image: 'a', tag, digest }));
  return checkContent(all, {
    target: testClient(target.host),
    targetOf: (image) => `mirror/${image}`,
    concurrency: 4,
    signal,
  });
}

async function push(tag: string, image: TestImage): Promise<{ tag: string; image: TestImage }> {
  await pushImage(target.url, 'mirror/a', [tag], image);
  return { tag, image };
}

const blobOf = ({ blobs }: TestImage, index: number): string => Array.from(blobs.keys())[index] ?? '';

describe('checkContent', () => {
  it('requests each blob and manifest once, whatever number of tags have it', async () => {
    const [amd64, arm64] = [makeImage({ seed: '1' }), makeImage({ seed: '2', platform: 'linux/arm64' })];
    const index = makeIndex([amd64, arm64]);
    const tags = [await push('v1', amd64), await push('v2', amd64), await push('v3', index)];
    target.requests.length = 0;
    expect(await check(tags)).toEqual([{ kind: 'whole' }, { kind: 'whole' }, { kind: 'whole' }]);
    const paths = target.requests.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths).toHaveLength(3 + amd64.blobs.size + arm64.blobs.size);
  });

  it('finds the blobs that an image lacks, alone and inside an index', async () => {
    const [whole, hollow] = [makeImage({ seed: '1' }), makeImage({ seed: '2' })];
    const index = makeIndex([whole, hollow]);
    const tags = [await push('whole', whole), await push('hollow', hollow), await push('index', index)];
    const layer = blobOf(hollow, 1);
    target.store.deleteBlob('mirror/a', layer);
    expect(await check(tags)).toEqual([
      { kind: 'whole' },
      { kind: 'hollow', missing: [layer] },
      { kind: 'hollow', missing: [layer] },
    ]);
  });

  it('finds the manifests that an index lacks', async () => {
    const child = makeImage({ seed: '1' });
    const tags = [await push('index', makeIndex([child]))];
    target.intercept = ({ url = '' }, response) => {
      if (!url.endsWith(child.digest)) return false;
      refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
      return true;
    };
    expect(await check(tags)).toEqual([{ kind: 'hollow', missing: [child.digest] }]);
  });

  it('accepts an index whose entries are blobs', async () => {
    const layer = Buffer.from('layer of a build cache');
    const digest = target.store.putBlob('mirror/a', layer);
    const entry = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: layer.length };
    const type = 'application/vnd.oci.image.index.v1+json';
    const cache = makeManifest(type, { schemaVersion: 2, mediaType: type, manifests: [entry] }, []);
    target.store.putManifest('mirror/a', 'cache', type, cache.bytes);
    expect(await check([{ tag: 'cache', image: cache }])).toEqual([{ kind: 'whole' }]);
    target.store.deleteBlob('mirror/a', digest);
    expect(await check([{ tag: 'cache', image: cache }])).toEqual([{ kind: 'hollow', missing: [digest] }]);
  });

  it('does not look for layers that stay at their urls', async () => {
    const image = makeImage({ seed: '1' });
    const [config, ...layers] = image.blobs.keys();
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const foreign = { mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', size: 1 };
    const manifest = (urls?: string[]): TestImage =>
      makeManifest(
        type,
        {
          schemaVersion: 2,
          mediaType: type,
          config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config, size: 1 },
          layers: [{ ...foreign, digest: `sha256:${'f'.repeat(64)}`, ...(urls && { urls }) }],
        },
        [],
      );
    expect(layers.length).toBeGreaterThan(0);
    await push('v1', image);
    const [linked, plain] = [manifest(['https://example.com/layer']), manifest()];
    for (const one of [linked, plain]) target.store.putManifest('mirror/a', one.digest, type, one.bytes);
    const tags = [linked, plain].map((one) => ({ tag: one.digest, image: one }));
    expect((await check(tags)).map(({ kind }) => kind)).toEqual(['whole', 'hollow']);
  });

  it('reports what the target answers when it refuses', async () => {
    const tags = [await push('v1', makeImage({ seed: '1' }))];
    target.intercept = ({ url = '' }, response) => {
      if (!url.includes('/blobs/')) return false;
      refuse(response, 403, 'DENIED', 'no');
      return true;
    };
    expect(await check(tags)).toEqual([{ kind: 'unknown', reason: expect.stringContaining('status 403') }]);
  });

  it('stops before the pull limit of the target is reached, and when the run ends', async () => {
    const tags = [await push('v1', makeImage({ seed: '1' })), await push('v2', makeImage({ seed: '2' }))];
    target.intercept = (_, response) => {
      response.setHeader('ratelimit-remaining', '10;w=21600');
      return false;
    };
    expect((await check(tags)).map(({ kind }) => kind)).toContain('unchecked');
    target.requests.length = 0;
    expect(await check(tags, AbortSignal.abort())).toEqual([{ kind: 'unchecked' }, { kind: 'unchecked' }]);
    expect(target.requests).toEqual([]);
  });
});
