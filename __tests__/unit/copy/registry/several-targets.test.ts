import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OCI_MANIFEST } from '../../../../src/oci/media-types.ts';
import {
  SBOM,
  SIGNATURE,
  type TestImage,
  describe as describeBlob,
  cosignTag,
  makeCosignSignature,
  makeImage,
  makeIndex,
  makeManifest,
  makeReferrer,
  makeReferrersList,
  pushImage,
  seededBytes,
} from '../../../support/fixtures/images.ts';
import { copyToTargets, readsOf, repeatedReads } from '../../../support/fixtures/several-targets.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/registries/memory-registry.ts';

const LARGE = 3 * 1024 ** 2;

let source: MemoryRegistry;
let targets: MemoryRegistry[];

beforeEach(async () => {
  source = await startMemoryRegistry({ referrers: 100 });
  targets = await Promise.all([1, 2, 3].map(async () => startMemoryRegistry({ referrers: 100 })));
});
afterEach(async () => {
  await Promise.all([source, ...targets].map(async (server) => server.close()));
});

function expectAt(
  target: MemoryRegistry,
  repository: string,
  image: TestImage | undefined,
  reference = 'v1',
): void {
  if (!image) throw new Error('There is no such image');
  expect(target.store.manifest(repository, reference)?.digest).toBe(image.digest);
  for (const digest of image.blobs.keys()) expect(target.store.blob(repository, digest)).toBeDefined();
  for (const child of image.children) expectAt(target, repository, child, child.digest);
}

function expectDone(outcomes: Awaited<ReturnType<typeof copyToTargets>>, images: number): void {
  for (const done of outcomes.values()) {
    expect(done.flatMap(({ error }) => error ?? [])).toEqual([]);
    expect(done.filter(({ verifiedTags }) => verifiedTags.size > 0)).toHaveLength(images);
  }
}

/** An SBOM of this size. */
function makeLargeReferrer(subject: TestImage, size: number): TestImage {
  const [empty, content] = [Buffer.from('{}'), seededBytes(size, 'large')];
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: SBOM,
    config: describeBlob('application/vnd.oci.empty.v1+json', empty),
    layers: [describeBlob(SBOM, content)],
    subject: describeBlob(subject.mediaType, subject.bytes),
  };
  return makeManifest(OCI_MANIFEST, manifest, [empty, content]);
}

async function pushAll(images: ReadonlyMap<string, TestImage>): Promise<void> {
  for (const [repository, image] of images) await pushImage(source.url, repository, ['v1'], image);
  source.requests.length = 0;
}

describe('images for several targets', () => {
  it('are read once, whatever the number of targets', async () => {
    const base = ['base'];
    const images = new Map<string, TestImage>();
    for (let number = 0; number < 6; number += 1) {
      const sizes = [LARGE, 200_000, 3000];
      const single = (platform: string): TestImage =>
        makeImage({
          seed: `${number} ${platform}`,
          layers: sizes,
          layerSeeds: [...base, `${number}`],
          platform,
        });
      const platforms = ['linux/amd64', 'linux/arm64'].map(single);
      const index = makeIndex(platforms, { attestation: true });
      images.set(`img-${number}`, number % 2 === 0 ? index : single('linux/amd64'));
    }
    await pushAll(images);
    const wanted = targets.flatMap((target) =>
      Array.from(images, ([repository, image]) => ({ image, repository, target })),
    );
    const outcomes = await copyToTargets(source, wanted);
    expectDone(outcomes, 6);
    for (const target of targets)
      for (const [repository, image] of images) expectAt(target, `mirror/${repository}`, image);
    expect(repeatedReads(source)).toEqual([]);
    expect(readsOf(source).size).toBeGreaterThan(25);
  });

  it('are read once under two names at one target', async () => {
    const images = new Map([['img', makeImage({ seed: 'names', layers: [LARGE, 3000] })]]);
    await pushAll(images);
    const wanted = targets
      .slice(0, 2)
      .flatMap((target) =>
        ['first', 'second'].flatMap((name) =>
          Array.from(images, ([repository, image]) => ({ image, repository, target, name })),
        ),
      );
    const outcomes = await copyToTargets(source, wanted, { concurrency: 1 });
    expectDone(outcomes, 2);
    for (const target of targets.slice(0, 2))
      for (const name of ['mirror/first', 'mirror/second']) expectAt(target, name, images.get('img'));
    expect(repeatedReads(source)).toEqual([]);
  });

  it('are read once with their referrers, large ones too', async () => {
    const image = makeImage({ seed: 'signed', layers: [LARGE] });
    const index = makeIndex([image], { oci: true });
    const sbom = makeLargeReferrer(index, LARGE);
    const signature = makeReferrer(sbom, { seed: 'signature', artifactType: SIGNATURE });
    await pushAll(new Map([['img', index]]));
    for (const one of [sbom, signature]) await pushImage(source.url, 'img', [one.digest], one);
    source.requests.length = 0;
    const referrers = { sourceTags: new Set<string>(), unmatchedDigestTags: new Set<string>() };
    const outcomes = await copyToTargets(
      source,
      targets.map((target) => ({ image: index, repository: 'img', target, referrers })),
    );
    expectDone(outcomes, 1);
    for (const target of targets)
      for (const one of [index, sbom, signature]) expectAt(target, 'mirror/img', one, one.digest);
    expect(repeatedReads(source)).toEqual([]);
  });

  it('are read once with what cosign and lists keep under tags', async () => {
    const image = makeImage({ seed: 'attested' });
    const attestation = { ...makeCosignSignature(image), tag: cosignTag(image, 'att') };
    const sbom = makeLargeReferrer(image, LARGE);
    const list = { ...makeReferrersList([sbom]), tag: image.digest.replace(':', '-') };
    await pushAll(new Map([['img', image]]));
    for (const one of [attestation, list]) await pushImage(source.url, 'img', [one.tag], one);
    source.requests.length = 0;
    const referrers = { sourceTags: new Set<string>(), unmatchedDigestTags: new Set<string>() };
    const wanted = targets.flatMap((target) =>
      [attestation, list].map((one) => ({
        image: one,
        repository: 'img',
        target,
        tags: [one.tag],
        referrers,
      })),
    );
    expectDone(await copyToTargets(source, wanted), 2);
    for (const target of targets) expectAt(target, 'mirror/img', sbom, sbom.digest);
    expect(repeatedReads(source)).toEqual([]);
  });
});
