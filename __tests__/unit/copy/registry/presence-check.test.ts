import { afterEach, describe, expect, it } from 'vitest';
import type { BlobLocation } from '../../../../src/copy/registry/blob-locations.ts';
import type { Digest } from '../../../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../../../src/oci/media-types.ts';
import {
  type CopyingOptions,
  copyImage,
  expectHeld,
  observe,
  startCopying,
  taskOf,
  uploadsTo,
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
import {
  type MemoryRegistry,
  type MemoryRegistryOptions,
  startMemoryRegistry,
} from '../../../support/registries/memory-registry.ts';

const CONFIG = Buffer.from('{"name":"chart"}');
const CHART = seededBytes(5000, 'chart');

/** A Helm chart, whose blobs zot does not check. */
const chart = makeManifest(
  OCI_MANIFEST,
  {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptor('application/vnd.cncf.helm.config.v1+json', CONFIG),
    layers: [descriptor('application/vnd.cncf.helm.chart.content.v1.tar+gzip', CHART)],
  },
  [CONFIG, CHART],
);
const image = makeImage({ seed: 'image', layers: [300_000, 10], oci: true });
const index = makeIndex([image, makeImage({ seed: 'arm', oci: true, platform: 'linux/arm64' })], {
  oci: true,
});

const registries: MemoryRegistry[] = [];
afterEach(async () => {
  await Promise.all(registries.splice(0).map((registry) => registry.close()));
});

async function start(options: MemoryRegistryOptions = {}): Promise<MemoryRegistry> {
  const registry = await startMemoryRegistry(options);
  registries.push(registry);
  return registry;
}

const blobsOf = ({ blobs, children }: TestImage): Digest[] => [
  ...blobs.keys(),
  ...children.flatMap((child) => blobsOf(child)),
];
const manifestsOf = ({ digest, children }: TestImage): string[] => [
  digest,
  ...children.flatMap((child) => manifestsOf(child)),
];

describe.each(['all', 'images', 'nothing'] as const)(
  'a registry that checks the parts of %s',
  (checksParts) => {
    it.each([
      ['image', image],
      ['index', index],
      ['chart', chart],
    ])(
      'receives the blobs again of the %s whose tag moved away and back while it collected garbage',
      async (_, first) => {
        const [source, target] = [await start(), await start({ checksParts })];
        const second = makeImage({ seed: 'second' });
        const copying = startCopying(source, target);
        await copyImage(source, copying, first);
        await copyImage(source, copying, second);
        await copying.engine.close();
        for (const digest of blobsOf(first)) target.store.deleteBlob('mirror/img', digest);
        for (const digest of manifestsOf(first)) target.store.deleteManifest('mirror/img', digest);

        const next = startCopying(source, target, { locations: copying.saved[0] ?? [] });
        await copyImage(source, next, first);
        expectHeld(target, first);
      },
    );

    it('receives the missing blob of an image that is recorded under another tag', async () => {
      const [source, target] = [await start(), await start({ checksParts })];
      await pushImage(source.url, 'img', ['v1'], index);
      await pushImage(target.url, 'mirror/img', ['v0'], index);
      const [lost = index.digest] = blobsOf(index);
      target.store.deleteBlob('mirror/img', lost);
      const copying = startCopying(source, target);
      await copying.engine.copy(taskOf(copying, 'img', index, { present: true }), observe());
      expectHeld(target, index);
      expect(uploadsTo(target)).toContain(lost);
    });
  },
);

describe('PresenceCheck', () => {
  /** Copies `images` to a target that has lost nothing, with the locations of an earlier run. */
  async function recopy(
    images: readonly TestImage[],
    { options, registry }: { options?: CopyingOptions; registry?: MemoryRegistryOptions } = {},
  ): Promise<string[]> {
    const [source, target] = [await start(), await start(registry)];
    for (const one of images) await pushImage(target.url, 'mirror/img', [one.digest], one);
    const locations = images
      .flatMap((one) => blobsOf(one))
      .map((digest): BlobLocation => [digest, 'mirror/img']);
    const copying = startCopying(source, target, { locations, ...options });
    target.requests.length = 0;
    for (const [number, one] of images.entries()) await copyImage(source, copying, one, [`v${number}`]);
    return target.requests
      .filter(({ path }) => path.includes('/blobs/'))
      .map(({ method, path }) => `${method} ${path.split('/').at(-1)}`);
  }

  it('asks for each blob once in a run, and sends nothing that is present', async () => {
    const copy = makeImage({
      seed: 'copy',
      layers: [300_000, 10],
      layerSeeds: ['image 0', 'image 1'],
      oci: true,
    });
    const expected = new Set([...blobsOf(image), ...blobsOf(copy)].map((digest) => `HEAD ${digest}`));
    const requests = await recopy([image, copy]);
    expect(requests.toSorted()).toEqual(Array.from(expected).toSorted());
  });

  it('does not ask for the blobs of images once the registry has refused an incomplete image', async () => {
    const [source, target] = [await start(), await start()];
    const copying = startCopying(source, target);
    let refusals = 1;
    target.intercept = ({ method, url = '' }, response) => {
      if (method !== 'PUT' || !url.includes('/manifests/') || refusals === 0) return false;
      refusals -= 1;
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown' }] }));
      return true;
    };
    await copyImage(source, copying, makeImage({ seed: 'refused' }), ['v0']);
    await pushImage(target.url, 'mirror/img', [image.digest], image);
    await pushImage(target.url, 'mirror/img', [chart.digest], chart);
    target.requests.length = 0;
    for (const [tag, one] of [
      ['v1', image],
      ['v2', chart],
    ] as const) {
      await pushImage(source.url, 'img', [tag], one);
      await copying.engine.copy(taskOf(copying, 'img', one, { tags: [tag], present: true }), observe());
    }
    const asked = target.requests.filter(({ method, path }) => method === 'HEAD' && path.includes('/blobs/'));
    expect(asked.map(({ path }) => path.split('/').at(-1) ?? '').toSorted()).toEqual(
      blobsOf(chart).toSorted(),
    );
  });

  it('sends a blob when the registry does not answer whether it has it', async () => {
    const [source, target] = [await start(), await start()];
    target.intercept = ({ method, url = '' }, response) => {
      if (method !== 'HEAD' || !url.includes('/blobs/')) return false;
      response.writeHead(405).end();
      return true;
    };
    const locations = blobsOf(image).map((digest): BlobLocation => [digest, 'mirror/img']);
    await copyImage(source, startCopying(source, target, { locations }), image);
    expectHeld(target, image);
  });
});
