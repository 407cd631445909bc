import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fastTime } from '../../../support/fixtures/fast-patience.ts';
import { type TestImage, makeImage, makeIndex, pushImage } from '../../../support/fixtures/images.ts';
import { type Wanted, copyToTargets, repeatedReads } from '../../../support/fixtures/several-targets.ts';
import {
  type MemoryRegistry,
  refuse,
  startMemoryRegistry,
} from '../../../support/registries/memory-registry.ts';

const LARGE = 1_200_000;
/** Images with layers that several of them have. */
const IMAGES: readonly TestImage[] = [
  ...['a', 'b', 'c', 'd'].map((seed) =>
    makeImage({
      seed,
      layers: [LARGE, LARGE, 100_000, 3000],
      layerSeeds: ['base', seed < 'c' ? 'x' : 'y', seed],
    }),
  ),
  ...['e', 'f'].map((seed) =>
    makeIndex([
      makeImage({ seed: `${seed} amd64`, layers: [LARGE, 3000], layerSeeds: ['base'] }),
      makeImage({ seed: `${seed} arm64`, layers: [LARGE, 3000], platform: 'linux/arm64' }),
    ]),
  ),
];

let source: MemoryRegistry;

beforeAll(async () => {
  source = await startMemoryRegistry();
  for (const [index, image] of IMAGES.entries()) await pushImage(source.url, `img-${index}`, ['v1'], image);
});
afterAll(async () => source.close());

/** How a target behaves. */
interface Behaviour {
  readonly delayMs: number;
  /** Every so many requests fail; 0: none. */
  readonly failsEvery: number;
  readonly isFull: boolean;
  readonly has: readonly number[];
}

async function startTarget({ delayMs, failsEvery, isFull, has }: Behaviour): Promise<MemoryRegistry> {
  const target = await startMemoryRegistry();
  for (const index of has) {
    const image = IMAGES[index];
    if (image) await pushImage(target.url, `mirror/img-${index}`, ['old'], image);
  }
  let requests = 0;
  target.intercept = async (request, response) => {
    requests += 1;
    if (delayMs > 0) await delay(delayMs);
    const isRefused = isFull && request.method === 'PUT';
    if (!isRefused && (failsEvery === 0 || requests % failsEvery > 0)) return false;
    request.resume();
    refuse(response, isRefused ? 507 : 503, 'UNAVAILABLE', 'not now');
    return true;
  };
  return target;
}

const index = fc.nat(IMAGES.length - 1);
const Target = fc.record({
  delayMs: fc.constantFrom(0, 0, 1, 5),
  failsEvery: fc.constantFrom(0, 0, 0, 7, 23),
  isFull: fc.constantFrom(false, false, false, true),
  has: fc.uniqueArray(index, { maxLength: 2 }),
  wanted: fc.array(fc.record({ index, name: fc.constantFrom(undefined, 'other') }), { maxLength: 10 }),
});

it('copies to several targets all end, and each target that works has what it should', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(Target, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 6 }),
      async (given, concurrency, streams) => {
        const targets = await Promise.all(given.map(startTarget));
        source.requests.length = 0;
        const wanted = given.flatMap((one, number) =>
          one.wanted.flatMap((what): Wanted[] => {
            const [image, target] = [IMAGES[what.index], targets[number]];
            const repository = `img-${what.index}`;
            const name = what.name === undefined ? repository : `${repository}/${what.name}`;
            return image && target ? [{ image, repository, target, name }] : [];
          }),
        );
        const isSmooth = given.every(
          ({ delayMs, failsEvery, isFull }) => delayMs + failsEvery === 0 && !isFull,
        );
        const patience = fastTime(isSmooth ? 1 : 20);
        const options = { concurrency, streams, retries: 5, patience };
        const outcomes = await copyToTargets(source, wanted, options);
        for (const [number, target] of targets.entries()) {
          const asked = wanted.filter((one) => one.target === target);
          const done = outcomes.get(target.host) ?? [];
          expect(done).toHaveLength(asked.length);
          if (given[number]?.isFull === true) continue;
          expect(done.flatMap(({ error }) => error ?? [])).toEqual([]);
          for (const { image, name } of asked) expectTagged(target, name ?? '', image.digest);
        }
        expect(isSmooth ? repeatedReads(source) : []).toEqual([]);
        await Promise.all(targets.map(async (target) => target.close()));
      },
    ),
    { numRuns: 15 },
  );
}, 120_000);

/** Expects the image with all its parts. */
function expectTagged(target: MemoryRegistry, name: string, digest: string): void {
  const image = IMAGES.find((one) => one.digest === digest);
  if (!image) throw new Error('There is no such image');
  expect(target.store.manifest(`mirror/${name}`, 'v1')?.digest).toBe(digest);
  const parts = [image, ...image.children];
  for (const part of parts) {
    expect(target.store.manifest(`mirror/${name}`, part.digest)?.digest).toBe(part.digest);
    for (const blob of part.blobs.keys()) expect(target.store.blob(`mirror/${name}`, blob)).toBeDefined();
  }
}
