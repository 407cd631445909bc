import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isDigestOf } from '../../../../src/copy/registry/manifest-copy.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { DOCKER_MANIFEST } from '../../../../src/oci/media-types.ts';
import { copyImage, expectHeld, failureOf, startCopying } from '../../../support/fixtures/copying.ts';
import {
  describe as descriptor,
  makeImage,
  makeIndex,
  makeManifest,
} from '../../../support/fixtures/images.ts';
import { source, target, useRegistryPair } from '../../../support/fixtures/registry-pair.ts';
import { refuse } from '../../../support/registries/memory-registry.ts';

useRegistryPair();

const CONFIG = Buffer.from('{"any": "thing"}');
const LAYER = Buffer.from('a layer that is stored elsewhere');

describe('ManifestCopy', () => {
  it('copies only the descriptors of foreign layers', async () => {
    const foreign = {
      ...descriptor('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', LAYER),
      urls: ['https://example.com/layer'],
    };
    const content = {
      schemaVersion: 2,
      mediaType: DOCKER_MANIFEST,
      config: descriptor('application/vnd.docker.container.image.v1+json', CONFIG),
      layers: [foreign],
    };
    const image = makeManifest(DOCKER_MANIFEST, content, [CONFIG]);
    await copyImage(source, startCopying(source, target), image);
    expectHeld(target, image);
    expect(source.requests.some(({ path }) => path.includes(digestOf(LAYER)))).toBe(false);
  });

  it('writes the tag after everything that the image refers to', async () => {
    const image = makeIndex([makeIndex([makeImage({ seed: 'in', oci: true })], { oci: true })], {
      oci: true,
    });
    await copyImage(source, startCopying(source, target), image);
    const puts = target.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path);
    expect(puts.at(-1)).toBe('/v2/mirror/img/manifests/v1');
    expect(puts.filter((path) => path.endsWith('/manifests/v1'))).toHaveLength(1);
  });

  it('copies the parts again when the target says that it misses some', async () => {
    const image = makeImage({ seed: 'missing' });
    let refused = 0;
    target.intercept = ({ method, url = '' }, response) => {
      if (method !== 'PUT' || !url.endsWith('/manifests/v1') || refused > 0) return false;
      refused += 1;
      for (const digest of image.blobs.keys()) target.store.deleteBlob('mirror/img', digest);
      refuse(response, 404, 'MANIFEST_BLOB_UNKNOWN', 'a blob is unknown');
      return true;
    };
    await copyImage(source, startCopying(source, target), image);
    expect(refused).toBe(1);
    expectHeld(target, image);
  });

  it('gives up when the target misses parts after they were copied again', async () => {
    let refused = 0;
    target.intercept = ({ method, url = '' }, response) => {
      if (method !== 'PUT' || !url.endsWith('/manifests/v1')) return false;
      refused += 1;
      refuse(response, 404, 'MANIFEST_BLOB_UNKNOWN', 'a blob is unknown');
      return true;
    };
    const copied = copyImage(source, startCopying(source, target), makeImage({ seed: 'never' }));
    expect(await failureOf(copied)).toMatch(/MANIFEST_BLOB_UNKNOWN/);
    expect(refused).toBe(3);
  });

  it('counts a refused manifest as stored when the target has it', async () => {
    const image = makeImage({ seed: 'immutable' });
    target.intercept = ({ method, url = '' }, response) => {
      if (method !== 'PUT' || !url.endsWith('/manifests/v1')) return false;
      target.store.putManifest('mirror/img', 'v1', image.mediaType, image.bytes);
      refuse(response, 400, 'TAG_INVALID', 'the tag exists');
      return true;
    };
    expect(await copyImage(source, startCopying(source, target), image)).toEqual(['v1']);
  });
});

describe('isDigestOf', () => {
  const image = makeImage({ seed: 'digest' });
  const sha512 = createHash('sha512').update(image.bytes).digest('hex');

  it('accepts the digest of the same bytes in another algorithm, and no other', () => {
    expect(isDigestOf(image, image.digest)).toBe(true);
    expect(isDigestOf(image, `sha512:${sha512}`)).toBe(true);
    expect(isDigestOf(image, digestOf(LAYER))).toBe(false);
  });
});
