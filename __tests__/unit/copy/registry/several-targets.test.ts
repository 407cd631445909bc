import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeImage, makeIndex, pushImage, type TestImage } from '../../../support/fixtures/images.ts';
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

function expectAt(target: MemoryRegistry, repository: string, image: TestImage, reference = 'v1'): void {
  expect(target.store.manifest(repository, reference)?.digest).toBe(image.digest);
  for (const digest of image.blobs.keys()) expect(target.store.blob(repository, digest)).toBeDefined();
  for (const child of image.children) expectAt(target, repository, child, child.digest);
}

async function pushAll(images: ReadonlyMap<string, TestImage>): Promise<void> {
  for (const [repository, image] of images) await pushImage(source.url, repository, ['v1'], image);
  source.requests.length = 0;
}

describe('images for several targets', () => {
  it('are read once, whatever the number of targets', async () => {
    const base = ['base'];
    const images = new Map<string, TestImage>();
    for (let number = 0; number < 12; number += 1) {
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
    expect(Array.from(outcomes.values(), (done) => done.flatMap(({ error }) => error ?? []))).toEqual([
      [],
      [],
      [],
    ]);
    for (const target of targets)
      for (const [repository, image] of images) expectAt(target, `mirror/${repository}`, image);
    expect(repeatedReads(source)).toEqual([]);
    expect(readsOf(source).size).toBeGreaterThan(50);
  });
});
