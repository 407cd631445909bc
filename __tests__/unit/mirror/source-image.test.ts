import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  entryKind,
  fetchManifest,
  findTargetImage,
  isImage,
  partsOf,
  readSourceImage,
} from '../../../src/mirror/source-image.ts';
import type { RegistryClient } from '../../../src/oci/client.ts';
import { type Descriptor, readManifest } from '../../../src/oci/manifest.ts';
import { testClient } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { makeCosignSignature, makeImage, makeIndex, pushImage } from '../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';

let registry: MemoryRegistry;
let client: RegistryClient;
beforeEach(async () => {
  registry = await startMemoryRegistry();
  client = testClient(registry.host);
});
afterEach(async () => {
  await registry.close();
});

const AMD64 = makeImage({ seed: '1' });
const ARM64 = makeImage({ seed: '2', platform: 'linux/arm64' });
const INDEX = makeIndex([AMD64, ARM64]);
const [CONFIG] = AMD64.blobs.keys();

const descriptor = (mediaType: string): Descriptor => ({ mediaType, digest: digest(1), size: 1 });

describe('readSourceImage', () => {
  it('returns an image, or the one of the only platform that is wanted', async () => {
    await pushImage(registry.url, 'a', ['v1'], INDEX);
    const read = async (
      image: { digest: typeof AMD64.digest },
      platforms: string[] | 'all',
    ): Promise<unknown> => readSourceImage(client, 'a', image.digest, platforms);
    const single = { kind: 'image', digest: AMD64.digest, config: CONFIG };
    expect(await read(AMD64, 'all')).toEqual(single);
    expect(await read(INDEX, ['linux/amd64'])).toEqual({ ...single, platform: 'linux/amd64' });
    expect(await read(INDEX, 'all')).toEqual({ kind: 'whole' });
    expect(await read(INDEX, ['linux/amd64', 'linux/arm64'])).toEqual({ kind: 'whole' });
    await expect(read(INDEX, ['linux/s390x'])).rejects.toThrow(/has no image for linux\/s390x/);
  });

  it('says what the source no longer has', async () => {
    await expect(fetchManifest(client, 'a', digest(1))).rejects.toThrow(
      /was listed, but the source no longer has it/,
    );
  });
});

describe('findTargetImage', () => {
  it('accepts the same digest or the same config, and nothing else', async () => {
    await pushImage(registry.url, 'a', ['v1'], AMD64);
    const find = async (given: object): Promise<unknown> =>
      findTargetImage(client, 'a', 'v1', { kind: 'image', digest: digest(1), config: digest(2), ...given });
    const bytes = Array.from(AMD64.blobs.values()).reduce((sum, { length }) => sum + length, 0);
    expect(await find({ digest: AMD64.digest })).toEqual({ digest: AMD64.digest, bytes });
    expect(await find({ config: CONFIG })).toEqual({ digest: AMD64.digest, bytes });
    expect(await find({})).toBeUndefined();
  });
});

describe('the content of a manifest', () => {
  it.each([
    ['', 'manifest'],
    [AMD64.mediaType, 'manifest'],
    ['application/vnd.oci.image.layer.v1.tar+gzip', 'blob'],
    ['application/vnd.buildkit.cacheconfig.v0', 'blob'],
    ['application/x-other', 'unknown'],
  ])('has entries of the type %j, which are a %s', (mediaType, kind) => {
    expect(entryKind(descriptor(mediaType))).toBe(kind);
  });

  it('has each part once', () => {
    const child = descriptor(AMD64.mediaType);
    const layer = { ...descriptor('application/vnd.oci.image.layer.v1.tar'), digest: digest(2) };
    expect(partsOf({ kind: 'index', children: [child, layer, child] })).toEqual({
      manifests: [child],
      blobs: [layer],
    });
    expect(partsOf({ kind: 'image', config: child, layers: [layer, layer] }).blobs).toEqual([child, layer]);
  });

  it('is that of an image, and not of a signature or an index', () => {
    const contents = [AMD64, makeCosignSignature(AMD64), INDEX].map((image) => readManifest(image));
    expect(contents.map((content) => content.kind !== 'schema1' && isImage(content))).toEqual([
      true,
      false,
      false,
    ]);
  });
});
