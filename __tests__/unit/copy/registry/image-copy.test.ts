import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { VerifiedTag } from '../../../../src/copy/engine.ts';
import type { Platforms } from '../../../../src/mirror/platforms.ts';
import { OCI_MANIFEST, SCHEMA1_SIGNED } from '../../../../src/oci/media-types.ts';
import {
  expectHeld as expectTarget,
  startCopying,
  taskOf,
  observe,
} from '../../../support/fixtures/copying.ts';
import {
  type TestImage,
  describe as descriptor,
  makeImage,
  makeIndex,
  makeManifest,
  pushImage,
  seededBytes,
} from '../../../support/fixtures/images.ts';
import { source, target, useRegistryPair } from '../../../support/fixtures/registry-pair.ts';

useRegistryPair();

/** Copies one image to an empty target and returns what the engine reported. */
async function copy(
  image: TestImage,
  platforms: Platforms = 'all',
  mine = startCopying(source, target),
): Promise<{ held: Map<string, VerifiedTag>; bytes: number }> {
  await pushImage(source.url, 'img', ['v1'], image);
  const observer = observe();
  const bytes = await mine.engine.copy(taskOf(mine, 'img', image, { platforms }), observer);
  return { held: observer.verified, bytes };
}

const expectHeld = (image: TestImage): void => expectTarget(target, image);

const Index = v.object({ mediaType: v.string(), manifests: v.array(v.object({ digest: v.string() })) });
const CONFIG = Buffer.from('{"any": "thing"}');
const BLOB = seededBytes(300_000, 'blob');

const SHAPES: Readonly<Record<string, TestImage>> = {
  'a Docker image': makeImage({ seed: 'd', layers: [10, 200_000] }),
  'an OCI image': makeImage({ seed: 'o', oci: true }),
  'a Docker list': makeIndex([
    makeImage({ seed: '1' }),
    makeImage({ seed: '2', platform: 'linux/arm64/v8' }),
  ]),
  'an OCI index with attestations and annotations': makeIndex([makeImage({ seed: '1', oci: true })], {
    oci: true,
    attestation: true,
    annotations: { 'org.example/key': 'value é' },
  }),
  'an index in an index': makeIndex(
    [makeIndex([makeImage({ seed: 'in', oci: true })], { oci: true }), makeImage({ seed: 'x' })],
    { oci: true },
  ),
  'an index whose entry states no platform': makeIndex(
    [makeManifest(OCI_MANIFEST, artifact(), [CONFIG, BLOB])],
    { oci: true },
  ),
  'an artifact of its own types, with data': makeManifest(OCI_MANIFEST, artifact(), [CONFIG, BLOB]),
};

function artifact(): unknown {
  return {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: 'application/vnd.example.thing',
    config: { ...descriptor('application/vnd.example.config+json', CONFIG), data: CONFIG.toString('base64') },
    layers: [{ ...descriptor('application/x-anything', BLOB), annotations: { title: 'blob.bin' } }],
    annotations: { 'org.example/z': '1', 'org.example/a': '2' },
  };
}

describe('copyImage', () => {
  it.each(Object.entries(SHAPES))('copies %s byte for byte', async (_, image) => {
    const { held } = await copy(image);
    expect(held).toEqual(new Map([['v1', { digest: image.digest }]]));
    expectHeld(image);
  });

  it('reduces an index to the platforms, keeps their attestations and reports the platforms', async () => {
    const image = makeIndex([makeImage({ seed: '1' }), makeImage({ seed: '2', platform: 'linux/arm64' })], {
      attestation: true,
    });
    const { held } = await copy(image, ['linux/amd64']);
    const stored = target.store.manifest('mirror/img', 'v1');
    const content = v.parse(Index, JSON.parse(Buffer.from(stored?.bytes ?? []).toString()));
    const [amd64, arm64, attestation] = image.children;
    expect(content.manifests.map(({ digest }) => digest)).toEqual([amd64?.digest, attestation?.digest]);
    expect(content.mediaType).toBe(image.mediaType);
    expect(held.get('v1')).toEqual({ digest: stored?.digest, platforms: ['linux/amd64'] });
    expect(target.store.manifest('mirror/img', arm64?.digest ?? '')).toBeUndefined();
  });

  it('does not change an index that has no other platforms', async () => {
    const image = makeIndex([makeImage({ seed: '1' }), makeImage({ seed: '2', platform: 'linux/arm64/v8' })]);
    const { held } = await copy(image, ['linux/amd64', 'linux/arm64', 'linux/riscv64']);
    expect(held.get('v1')).toEqual({ digest: image.digest });
  });

  it('counts the platforms that the target gets, without attestations', async () => {
    const children = [makeImage({ seed: '1' }), makeImage({ seed: '2', platform: 'linux/arm64' })];
    const image = makeIndex(children, { attestation: true });
    await pushImage(source.url, 'img', ['v1'], image);
    const counts: number[] = [];
    for (const platforms of ['all', ['linux/amd64']] as const) {
      const mine = startCopying(source, target);
      const observer = { ...observe(), onPlatformCount: (count: number) => void counts.push(count) };
      await mine.engine.copy(taskOf(mine, 'img', image, { platforms }), observer);
    }
    expect(counts).toEqual([2, 1]);
  });

  it('fails when an index has none of the platforms', async () => {
    await expect(copy(makeIndex([makeImage({ seed: '1' })]), ['linux/s390x'])).rejects.toThrow(
      /has no image for linux\/s390x.*"platforms"/,
    );
    expect(target.requests).toEqual([]);
  });

  it('reports schema1 as unsupported', async () => {
    const image = makeManifest(
      SCHEMA1_SIGNED,
      { schemaVersion: 1, name: 'img', tag: 'v1', fsLayers: [] },
      [],
    );
    source.store.putManifest('img', 'v1', SCHEMA1_SIGNED, image.bytes);
    const mine = startCopying(source, target);
    await expect(mine.engine.copy(taskOf(mine, 'img', image), observe())).rejects.toThrow(
      /old schema1 format.*"exclude"/,
    );
  });

  it('reads a tag back before it reports it', async () => {
    target.intercept = ({ method, url = '' }, response) => {
      if (method !== 'PUT' || !url.endsWith('/manifests/v1')) return false;
      response.writeHead(201).end();
      return true;
    };
    await expect(copy(makeImage({ seed: 'lie' }))).rejects.toThrow(/the target says that it holds nothing/);
  });
});
