import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  MAX_KEPT_BLOB_BYTES,
  SharedSources,
  isKept,
  listSourceReferrers,
  readBlob,
} from '../../../src/copy/shared-source.ts';
import type { RegistryClient } from '../../../src/oci/client.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { testClient } from '../../support/fixtures/clients.ts';
import { makeImage, makeReferrer, pushImage } from '../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';

const IMAGE = makeImage({ seed: 'shared' });
const SBOM = makeReferrer(IMAGE, { seed: 'sbom' });

let source: MemoryRegistry;
let client: RegistryClient;

beforeEach(async () => {
  source = await startMemoryRegistry({ referrers: 10 });
  await pushImage(source.url, 'img', ['v1'], IMAGE);
  await pushImage(source.url, 'img', [SBOM.digest], SBOM);
  source.requests.length = 0;
  client = testClient(source.host);
});
afterEach(async () => source.close());

const [blob] = Array.from(IMAGE.blobs, ([digest, bytes]) => ({
  digest,
  bytes,
  size: bytes.length,
  mediaType: '',
}));

describe('a shared source', () => {
  it('requests manifests, their digests, small blobs and lists of referrers once', async () => {
    if (!blob) throw new Error('The image has no blob');
    const sources = new SharedSources();
    const shared = sources.of(client);
    expect([sources.of(client), sources.of(shared)]).toEqual([shared, shared]);
    const read = async (): Promise<unknown[]> => [
      (await shared.getManifest('img', IMAGE.digest))?.digest,
      (await shared.headManifest('img', 'v1'))?.digest,
      digestOf(await readBlob(shared, 'img', blob)),
      (await listSourceReferrers(shared, 'img', IMAGE.digest))?.map(({ digest }) => digest),
    ];
    const found = [IMAGE.digest, IMAGE.digest, blob.digest, [SBOM.digest]];
    expect(await Promise.all([read(), read()])).toEqual([found, found]);
    expect(await read()).toEqual(found);
    expect(source.requests.map(({ method }) => method)).toEqual(['GET', 'HEAD', 'GET', 'GET']);
  });

  it('looks up again what was missing', async () => {
    const shared = new SharedSources().of(client);
    expect(await shared.getManifest('img', 'v2')).toBeUndefined();
    await pushImage(source.url, 'img', ['v2'], IMAGE);
    expect((await shared.getManifest('img', 'v2'))?.digest).toBe(IMAGE.digest);
  });

  it('keeps nothing for a single target, and no large blobs', async () => {
    if (!blob) throw new Error('The image has no blob');
    for (const one of [0, 1])
      expect(digestOf(await readBlob(client, 'img', blob)), `${one}`).toBe(blob.digest);
    expect(source.requests).toHaveLength(2);
    const shared = new SharedSources().of(client);
    expect([client, shared].map((one) => isKept(one, blob))).toEqual([false, true]);
    expect(isKept(shared, { size: MAX_KEPT_BLOB_BYTES + 1 })).toBe(false);
  });

  it('reads a blob from a repository that has it, while another refuses it', async () => {
    if (!blob) throw new Error('The image has no blob');
    const shared = new SharedSources().of(client);
    const [refused, read] = await Promise.allSettled([
      readBlob(shared, 'other', blob),
      readBlob(shared, 'img', blob),
    ]);
    expect([refused.status, read.status]).toEqual(['rejected', 'fulfilled']);
  });

  it('has the pull limit of its registry', () => {
    const limited = Object.defineProperty(testClient('docker.io'), 'pullLimit', { value: { remaining: 7 } });
    expect(new SharedSources().of(limited).pullLimit).toEqual({ remaining: 7 });
  });
});
