import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { VerifiedTag } from '../../../../src/copy/engine.ts';
import type { Platforms } from '../../../../src/mirror/platforms.ts';
import type { Digest } from '../../../../src/oci/digest.ts';
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../../../src/oci/media-types.ts';
import {
  copyImage,
  expectHeld,
  failureOf,
  observe,
  startCopying,
  taskOf,
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

/** Images that the specification allows or the field has, and that are copied as crane, skopeo or containerd copy them. */

useRegistryPair();

async function copy(image: TestImage, platforms: Platforms = 'all'): Promise<Map<string, VerifiedTag>> {
  await pushImage(source.url, 'img', ['v1'], image);
  const copying = startCopying(source, target);
  const observer = observe();
  await copying.engine.copy(taskOf(copying, 'img', image, { platforms }), observer);
  return observer.verified;
}

const CONFIG = Buffer.from('{"any":"thing"}');
const BLOB = seededBytes(100_000, 'blob');
const CACHE_CONFIG = Buffer.from('{"layers":[{"blob":"sha256:…"}]}');

describe("an index whose entries are blobs, such as buildkit's cache", () => {
  const entries = [
    descriptor('application/vnd.oci.image.layer.v1.tar+gzip', BLOB),
    descriptor('application/vnd.buildkit.cacheconfig.v0', CACHE_CONFIG),
  ];
  const cache = makeManifest(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries }, [
    BLOB,
    CACHE_CONFIG,
  ]);

  it.each([['all'], [['linux/amd64']]] satisfies [Platforms][])(
    'is copied for platforms %s',
    async (platforms) => {
      expect(await copy(cache, platforms)).toEqual(new Map([['v1', { digest: cache.digest }]]));
      expectHeld(target, cache);
      expect(source.requests.some(({ path }) => path.endsWith(`/manifests/${entries[0]?.digest}`))).toBe(
        false,
      );
    },
  );

  it('is repaired when the target has lost one of the blobs', async () => {
    await pushImage(target.url, 'mirror/img', ['v0'], cache);
    target.store.deleteBlob('mirror/img', entries[0]?.digest ?? '');
    await pushImage(source.url, 'img', ['v1'], cache);
    const copying = startCopying(source, target);
    await copying.engine.copy(taskOf(copying, 'img', cache, { present: true }), observe());
    expectHeld(target, cache);
  });

  it('may have entries of unknown types, which are manifests or blobs', async () => {
    const part = makeManifest(
      OCI_MANIFEST,
      { schemaVersion: 2, config: descriptor('application/json', CONFIG), layers: [] },
      [CONFIG],
    );
    const manifests = [
      { ...descriptor('application/vnd.example.manifest+json', part.bytes) },
      descriptor('application/vnd.example.thing', BLOB),
    ];
    const index = {
      ...makeManifest(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, [BLOB]),
      children: [part],
    };
    await copy(index);
    expectHeld(target, index);
  });
});

describe('an index of artifacts without platforms', () => {
  const artifact = makeManifest(
    OCI_MANIFEST,
    {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: 'application/vnd.example',
      config: descriptor('application/vnd.oci.empty.v1+json', CONFIG),
      layers: [descriptor('application/octet-stream', BLOB)],
    },
    [CONFIG, BLOB],
  );

  it('is copied whole when platforms are set', async () => {
    const index = makeIndex([artifact], { oci: true });
    expect(await copy(index, ['linux/arm64'])).toEqual(new Map([['v1', { digest: index.digest }]]));
    expectHeld(target, index);
  });

  it('is an error when its images are for other platforms', async () => {
    const index = makeIndex([artifact, makeImage({ seed: 'amd64' })], { oci: true });
    await expect(copy(index, ['linux/arm64'])).rejects.toThrow(/has no image for linux\/arm64/);
  });
});

it.each([[undefined], [null], [[]]])(
  'a non-distributable layer with urls %j is copied like any other',
  async (urls) => {
    const layer = {
      ...descriptor('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', BLOB),
      ...(urls !== undefined && { urls }),
    };
    const content = {
      schemaVersion: 2,
      mediaType: DOCKER_MANIFEST,
      config: descriptor('application/vnd.docker.container.image.v1+json', CONFIG),
      layers: [layer],
    };
    const image = makeManifest(DOCKER_MANIFEST, content, [CONFIG, BLOB]);
    await copy(image);
    expectHeld(target, image);
  },
);

describe('an image that the source names by sha512', () => {
  const image = makeImage({ seed: 'sha512' });
  const digest: Digest = `sha512:${createHash('sha512').update(image.bytes).digest('hex')}`;

  beforeEach(() => {
    source.intercept = ({ url = '', method }, response) => {
      if (!url.endsWith(`/manifests/${digest}`)) return false;
      response.writeHead(200, {
        'content-type': image.mediaType,
        'content-length': image.bytes.length,
        'docker-content-digest': digest,
      });
      response.end(method === 'HEAD' ? undefined : image.bytes);
      return true;
    };
  });

  it('is verified by the sha256 digest that the target states', async () => {
    await pushImage(source.url, 'img', ['v1'], image);
    const copying = startCopying(source, target);
    const observer = observe();
    await copying.engine.copy(taskOf(copying, 'img', { ...image, digest }), observer);
    expect(observer.verified).toEqual(new Map([['v1', { digest: image.digest }]]));
    expectHeld(target, image);
  });

  it('is found under an immutable tag', async () => {
    await pushImage(source.url, 'img', ['v1'], image);
    await pushImage(target.url, 'mirror/img', ['v1'], image);
    target.intercept = ({ method, url = '' }, response) => {
      if (method !== 'PUT' || !url.includes('/manifests/')) return false;
      response.writeHead(405).end();
      return true;
    };
    const copying = startCopying(source, target);
    const observer = observe();
    await copying.engine.copy(taskOf(copying, 'img', { ...image, digest }), observer);
    expect(observer.verified).toEqual(new Map([['v1', { digest: image.digest }]]));
  });
});

describe('a child that the source does not have', () => {
  const arm64 = makeImage({ seed: 'arm64', platform: 'linux/arm64' });
  const index = makeIndex([makeImage({ seed: 'amd64' }), arm64]);

  beforeEach(async () => {
    await pushImage(source.url, 'img', ['v1'], index);
    source.store.deleteManifest('img', arm64.digest);
  });

  async function fail(platforms: Platforms): Promise<string> {
    const copying = startCopying(source, target);
    return failureOf(copying.engine.copy(taskOf(copying, 'img', index, { platforms }), observe()));
  }

  it('is named with its index and the remedy', async () => {
    expect(await fail('all')).toBe(
      `CopyError: ${source.host}/img@${index.digest}: the index names linux/arm64 (${arm64.digest}), which the source does not ` +
        'have; "platforms" can leave it out',
    );
  });

  it('is named without that remedy when its platform is wanted', async () => {
    const message = await fail(['linux/amd64', 'linux/arm64']);
    expect(message).toContain(
      `the index names linux/arm64 (${arm64.digest}), which the source does not have`,
    );
    expect(message).not.toContain('platforms');
  });

  it('does not matter when its platform is left out', async () => {
    expect(await fail(['linux/amd64'])).toBe('it was copied');
  });
});

describe('an index with many large children', () => {
  it('is copied with a bounded number of them in memory', async () => {
    const padding = 'x'.repeat(3_900_000);
    const children = Array.from({ length: 12 }, (_, number) =>
      makeManifest(
        OCI_MANIFEST,
        {
          schemaVersion: 2,
          mediaType: OCI_MANIFEST,
          config: descriptor('application/vnd.oci.image.config.v1+json', CONFIG),
          layers: [],
          annotations: { number: String(number), padding },
        },
        [CONFIG],
      ),
    );
    const index = makeIndex(children, { oci: true });
    await pushImage(source.url, 'img', ['v1'], index);
    let [read, stored, most] = [0, 0, 0];
    source.intercept = ({ url = '', method }) => {
      if (method === 'GET' && url.includes('/manifests/') && !url.endsWith(index.digest)) read += 1;
      most = Math.max(most, read - stored);
      return false;
    };
    target.intercept = ({ url = '', method }) => {
      if (method === 'PUT' && url.includes('/manifests/sha256:')) stored += 1;
      return false;
    };
    expect(await copyImage(source, startCopying(source, target), index)).toEqual(['v1']);
    expectHeld(target, index);
    expect(read).toBe(12);
    // 32 MiB of children that are read ahead, and two more.
    expect(most).toBeLessThanOrEqual(8 + 2);
  });
});

describe('indexes that share their children at each level', () => {
  const WIDTH = 10;
  const leaf = makeImage({ seed: 'leaf', oci: true });
  /** There are ten million ways from the last index to the image. */
  const levels = [[leaf]];
  for (let depth = 0; depth < 8; depth += 1) {
    const below = levels.at(-1) ?? [];
    const width = depth === 7 ? 1 : WIDTH;
    levels.push(
      Array.from({ length: width }, (_, number) =>
        makeIndex(below, { oci: true, annotations: { number: String(number) } }),
      ),
    );
  }
  const manifests = levels.flat();
  const root = manifests.at(-1) ?? leaf;

  it('are read once each, also where the target has them', async () => {
    for (const one of manifests)
      await pushImage(source.url, 'img', [one === root ? 'v1' : one.digest], { ...one, children: [] });
    source.requests.length = 0;
    const copying = startCopying(source, target);
    await copying.engine.copy(taskOf(copying, 'img', root), observe());
    expect(source.requests.filter(({ path }) => path.includes('/manifests/'))).toHaveLength(manifests.length);
    for (const { digest } of manifests) expect(target.store.manifest('mirror/img', digest)).toBeDefined();

    target.requests.length = 0;
    const next = startCopying(source, target);
    await next.engine.copy(taskOf(next, 'img', root, { tags: ['v2'], present: true }), observe());
    const reads = target.requests.filter(
      ({ method, path }) => method === 'GET' && path.includes('/manifests/'),
    );
    expect(reads).toHaveLength(manifests.length);
  });
});
