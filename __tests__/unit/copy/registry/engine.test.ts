import { describe, expect, it } from 'vitest';
import type { VerifiedTag } from '../../../../src/copy/engine.ts';
import type { BlobLocation } from '../../../../src/copy/registry/blob-locations.ts';
import type { Platforms } from '../../../../src/mirror/platforms.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import {
  type Copying,
  expectHeld as expectTarget,
  startCopying,
  taskOf,
  uploadsTo,
  observe,
} from '../../../support/fixtures/copying.ts';
import { type TestImage, makeImage, makeIndex, pushImage } from '../../../support/fixtures/images.ts';
import { restartTarget, source, target, useRegistryPair } from '../../../support/fixtures/registry-pair.ts';
import { refuse } from '../../../support/registries/memory-registry.ts';

useRegistryPair();

function setup(locations: readonly BlobLocation[] = [], password = ''): Copying {
  const credential = { username: 'u', password, providedBy: 'the test' };
  return startCopying(source, target, { locations, ...(password !== '' && { credential }) });
}

/** Copies one image to an empty target and returns what the engine reported. */
async function copy(
  image: TestImage,
  platforms: Platforms = 'all',
  mine = setup(),
): Promise<{ held: Map<string, VerifiedTag>; bytes: number }> {
  await pushImage(source.url, 'img', ['v1'], image);
  const observer = observe();
  const bytes = await mine.engine.copy(taskOf(mine, 'img', image, { platforms }), observer);
  return { held: observer.verified, bytes };
}

const uploads = (): string[] => uploadsTo(target);
const expectHeld = (image: TestImage): void => expectTarget(target, image);

describe('blobs', () => {
  it('are sent once when several images and repositories need them at the same time', async () => {
    const layerSeeds = ['shared large', 'shared small'];
    const images = Array.from({ length: 8 }, (_, number) =>
      makeImage({ seed: `i${number}`, layers: [400_000, 100], layerSeeds }),
    );
    const mine = setup();
    const sent = await Promise.all(
      images.map(async (image, number) => {
        const repository = `img-${number % 4}`;
        await pushImage(source.url, repository, [`v${number}`], image);
        return mine.engine.copy(taskOf(mine, repository, image, { tags: [`v${number}`] }), observe());
      }),
    );
    const distinct = new Map(images.flatMap(({ blobs }) => Array.from(blobs)));
    expect(uploads().toSorted()).toEqual(Array.from(distinct.keys()).toSorted());
    expect(sent.reduce((a, b) => a + b)).toBe(
      Array.from(distinct.values()).reduce((sum, { length }) => sum + length, 0),
    );
  });

  it('are not sent when the target has them, without a HEAD request', async () => {
    const image = makeImage({ seed: 'there', layers: [300_000, 10] });
    for (const bytes of image.blobs.values()) target.store.putBlob('mirror/img', bytes);
    const { bytes } = await copy(image);
    expect([bytes, uploads()]).toEqual([0, []]);
    expect(target.requests.map(({ method, path }) => `${method} ${path.split('?')[0]}`).toSorted()).toEqual([
      'HEAD /v2/mirror/img/manifests/v1',
      'POST /v2/mirror/img/blobs/uploads/',
      'POST /v2/mirror/img/blobs/uploads/',
      'POST /v2/mirror/img/blobs/uploads/',
      'PUT /v2/mirror/img/manifests/v1',
    ]);
  });

  it('are mounted from a repository that an earlier run recorded', async () => {
    const image = makeImage({ seed: 'known', layers: [300_000] });
    const locations = Array.from(image.blobs, ([digest, bytes]): BlobLocation => {
      target.store.putBlob('mirror/other', bytes);
      return [digest, 'mirror/other'];
    });
    const mine = setup(locations);
    expect((await copy(image, 'all', mine)).bytes).toBe(0);
    expectHeld(image);
    await mine.engine.close();
    const saved = new Set(mine.saved[0]?.map((holder) => holder.join(' ')));
    expect(saved).toEqual(
      new Set(locations.flatMap(([digest]) => [`${digest} mirror/other`, `${digest} mirror/img`])),
    );
  });

  it('are sent when the recorded repository no longer has them', async () => {
    const image = makeImage({ seed: 'stale', layers: [300_000] });
    const elsewhere = Array.from(image.blobs.keys(), (digest): BlobLocation => [digest, 'mirror/other']);
    await copy(image, 'all', setup(elsewhere));
    expectHeld(image);
  });

  it("are sent when the target's own repository was wrongly recorded to have them", async () => {
    const image = makeIndex([makeImage({ seed: 'stale here', layers: [300_000] })]);
    const [child] = image.children;
    const here = Array.from(child?.blobs.keys() ?? [], (digest): BlobLocation => [digest, 'mirror/img']);
    await copy(image, 'all', setup(here));
    expectHeld(image);
  });

  it('are copied when the image was recorded but the target no longer has it', async () => {
    const image = makeIndex([makeImage({ seed: 'gone' })]);
    await pushImage(source.url, 'img', ['v1'], image);
    const mine = setup();
    await mine.engine.copy(taskOf(mine, 'img', image, { present: true }), observe());
    expectHeld(image);
  });

  it('are not sent when the target is recorded to hold the image under another tag', async () => {
    const image = makeIndex([makeImage({ seed: 'other tag' })]);
    await pushImage(source.url, 'img', ['v1'], image);
    await pushImage(target.url, 'mirror/img', ['v0'], image);
    source.requests.length = 0;
    target.requests.length = 0;
    const mine = setup();
    await mine.engine.copy(taskOf(mine, 'img', image, { present: true }), observe());
    // Index and child are read, config and layer are looked up; then the tag is written and read back.
    expect(target.requests.map(({ method }) => method)).toEqual([
      'GET',
      'GET',
      'HEAD',
      'HEAD',
      'PUT',
      'HEAD',
    ]);
    // What the target has costs no pull at the source.
    expect(source.requests).toEqual([]);
    expectHeld(image);
  });

  it.each([400, 401, 403, 404, 405])(
    'are sent when the registry answers a mount request with %d',
    async (status) => {
      target.intercept = ({ url = '' }, response) => {
        if (!url.includes('mount=')) return false;
        refuse(response, status, 'NAME_INVALID', 'invalid repository name');
        return true;
      };
      const image = makeImage({ seed: 'mount', layers: [300_000] });
      await copy(image);
      expectHeld(image);
    },
  );

  it('are sent in chunks when the registry asks for them', async () => {
    target.intercept = ({ method }, response) => {
      if (method === 'POST') response.setHeader('oci-chunk-min-length', '1000');
      return false;
    };
    const image = makeImage({ seed: 'chunks', layers: [300_000] });
    await copy(image);
    expectHeld(image);
    expect(target.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
  });

  it('are sent in chunks after a 413', async () => {
    await restartTarget({ maxUpload: 16 * 1024 ** 2 });
    const image = makeImage({ seed: 'large', layers: [40_000_000] });
    await copy(image);
    expectHeld(image);
    const patches = target.requests.filter(({ method }) => method === 'PATCH');
    expect(patches.length).toBe(3);
  });

  it('are resumed with Range after a broken download, and restarted after a 200', async () => {
    let broken = 0;
    const image = makeImage({ seed: 'range', layers: [500_000] });
    const large = Array.from(image.blobs).find(([, bytes]) => bytes.length > 400_000);
    if (!large) throw new Error('no large blob');
    const [digest, bytes] = large;
    source.intercept = ({ method, url = '', headers }, response) => {
      if (method !== 'GET' || !url.endsWith(digest) || broken === 3) return false;
      const from = broken === 1 ? 0 : Number(/\d+/.exec(headers.range ?? '0')?.[0]);
      broken += 1;
      // Once a 200 in answer to Range, which starts at the beginning.
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from });
      response.write(bytes.subarray(from, broken * 150_000), () => response.destroy());
      return true;
    };
    await copy(image);
    expectHeld(image);
    expect(broken).toBe(3);
    expect(
      source.requests.filter(({ path, range }) => path.endsWith(digest) && range !== undefined),
    ).toHaveLength(3);
  });

  it.each([
    ['corrupt', (bytes: Uint8Array) => Buffer.from(bytes).fill(0, 0, 10)],
    ['short', (bytes: Uint8Array) => bytes.subarray(1)],
    ['long', (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.from('x')])],
  ])('that are always %s are never tagged', async (_, spoil) => {
    const image = makeImage({ seed: 'spoilt', layers: [300_000] });
    source.intercept = ({ method, url = '' }, response) => {
      const digest = /blobs\/(.+)$/.exec(url)?.[1] ?? '';
      const bytes = image.blobs.get(
        digestOf(image.blobs.get(`sha256:${digest.slice(7)}`) ?? new Uint8Array()),
      );
      if (method !== 'GET' || !bytes) return false;
      response.end(spoil(bytes));
      return true;
    };
    await expect(copy(image)).rejects.toThrow(/sha256:/);
    expect(target.store.manifest('mirror/img', 'v1')).toBeUndefined();
    expect(target.store.repositoryNames()).toEqual([]);
  });

  it('are sent though tokens expire all the time', async () => {
    await restartTarget({ auth: { kind: 'token', username: 'u', password: 'p', expiresIn: 6 } });
    const image = makeIndex([
      makeImage({ seed: 't1', layers: [200_000] }),
      makeImage({ seed: 't2', platform: 'linux/arm64' }),
    ]);
    await copy(image, 'all', setup([], 'p'));
    expectHeld(image);
  });
});

describe('what the engine reports of an image', () => {
  const platforms = ['linux/amd64', 'linux/arm64', 'unknown/unknown'];
  const index = makeIndex(platforms.map((platform) => makeImage({ seed: platform, platform })));

  it.each<[Platforms, number]>([
    ['all', 2],
    [['linux/arm64'], 1],
  ])('is the number of its platforms, of %j: %d', async (wanted, count) => {
    const mine = setup();
    await pushImage(source.url, 'img', ['v1'], index);
    let reported = 0;
    const observer = { ...observe(), onPlatformCount: (found: number) => void (reported = found) };
    await mine.engine.copy(taskOf(mine, 'img', index, { platforms: wanted }), observer);
    expect(reported).toBe(count);
  });
});
