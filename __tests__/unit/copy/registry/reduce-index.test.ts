import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reduceIndex } from '../../../../src/copy/registry/reduce-index.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { type Descriptor, type RawManifest, readManifest } from '../../../../src/oci/manifest.ts';
import { type TestImage, makeImage, makeIndex, makeReferrer } from '../../../support/fixtures/images.ts';

function childrenOf(index: RawManifest): readonly Descriptor[] {
  const content = readManifest(index);
  return content.kind === 'index' ? content.children : [];
}

const reduce = (index: TestImage, platforms: readonly string[]): RawManifest | undefined =>
  reduceIndex(index, childrenOf(index), platforms);

const digestsIn = (index: RawManifest | undefined): string[] =>
  index ? childrenOf(index).map(({ digest }) => digest) : [];

const PLATFORMS = ['linux/amd64', 'linux/arm64/v8', 'linux/arm/v7', 'windows/amd64'];
const IMAGES = PLATFORMS.map((platform) => makeImage({ seed: platform, layers: [], platform }));

describe('reduceIndex', () => {
  it('keeps the wanted images in their order, or nothing', () => {
    const some = fc.subarray(PLATFORMS, { minLength: 1 });
    fc.assert(
      fc.property(some, some, (present, wanted) => {
        const index = makeIndex(IMAGES.filter(({ platform = '' }) => present.includes(platform)));
        const kept = IMAGES.filter(
          ({ platform = '' }) => present.includes(platform) && wanted.includes(platform),
        );
        const reduced = reduce(index, wanted);
        expect(digestsIn(reduced)).toEqual(kept.map(({ digest }) => digest));
        expect(reduced === undefined).toBe(kept.length === 0);
        // An index that has nothing else keeps its bytes, and so its digest.
        expect(reduced === index).toBe(kept.length === present.length);
        expect(reduced?.digest).toBe(reduced && digestOf(reduced.bytes));
      }),
    );
  });

  it('drops the attestations of images that it drops', () => {
    const index = makeIndex(IMAGES, { attestation: true });
    const [amd64, arm64] = IMAGES;
    const attestation = index.children.at(-1);
    expect(digestsIn(reduce(index, ['linux/amd64']))).toEqual([amd64?.digest, attestation?.digest]);
    expect(digestsIn(reduce(index, ['linux/arm64']))).toEqual([arm64?.digest]);
  });

  it('keeps entries that state no platform', () => {
    const artifact = makeReferrer(makeImage({ seed: 'subject' }), { seed: 'artifact' });
    const index = makeIndex([...IMAGES, artifact]);
    expect(digestsIn(reduce(index, ['linux/amd64']))).toEqual([IMAGES[0]?.digest, artifact.digest]);
    const artifacts = makeIndex([artifact]);
    expect(reduce(artifacts, ['linux/amd64'])).toBe(artifacts);
  });

  it('keeps all other fields of the index', () => {
    const annotations = { 'org.example/key': 'value é' };
    const reduced = reduce(makeIndex(IMAGES, { annotations }), ['linux/amd64']);
    expect(JSON.parse(Buffer.from(reduced?.bytes ?? []).toString())).toMatchObject({
      schemaVersion: 2,
      annotations,
    });
  });
});
