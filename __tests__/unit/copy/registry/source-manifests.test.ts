import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ByteBudget } from '../../../../src/copy/registry/byte-budget.ts';
import { SourceManifests } from '../../../../src/copy/registry/source-manifests.ts';
import { MissingAtSourceError } from '../../../../src/mirror/copy-error.ts';
import { type Descriptor, readManifest } from '../../../../src/oci/manifest.ts';
import { startCopying, taskOf } from '../../../support/fixtures/copying.ts';
import { makeImage, makeIndex, pushImage } from '../../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/registries/memory-registry.ts';

let source: MemoryRegistry;

beforeEach(async () => {
  source = await startMemoryRegistry();
});
afterEach(async () => {
  await source.close();
});

const INDEX = makeIndex([makeImage({ seed: '1' }), makeImage({ seed: '2', platform: 'linux/arm64' })]);

function child(number: number): Descriptor {
  const content = readManifest(INDEX);
  const found = content.kind === 'index' ? content.children[number] : undefined;
  if (!found) throw new Error(`The index has no child ${number}`);
  return found;
}

function manifestsWith(budget: ByteBudget): SourceManifests {
  return new SourceManifests(taskOf(startCopying(source, source), 'img', INDEX), budget);
}

const reads = (): number => source.requests.filter(({ method }) => method === 'GET').length;

describe('SourceManifests', () => {
  it('reads a child that is held once', async () => {
    await pushImage(source.url, 'img', ['v1'], INDEX);
    const manifests = manifestsWith(new ByteBudget(child(0).size));
    const held = await manifests.hold(INDEX.digest, child(0));
    expect(held?.digest).toBe(child(0).digest);
    expect(await manifests.hold(INDEX.digest, child(0))).toBe(held);
    expect(await manifests.get(INDEX.digest, child(0))).toBe(held);
    expect([manifests.isHeld(child(0)), manifests.isHeld(child(1)), reads()]).toEqual([true, false, 1]);
  });

  it('holds nothing that does not fit, until something is released', async () => {
    await pushImage(source.url, 'img', ['v1'], INDEX);
    const manifests = manifestsWith(new ByteBudget(Math.max(child(0).size, child(1).size)));
    await manifests.hold(INDEX.digest, child(0));
    expect(manifests.hold(INDEX.digest, child(1))).toBeUndefined();
    expect((await manifests.get(INDEX.digest, child(1))).digest).toBe(child(1).digest);
    manifests.release(child(0));
    expect(await manifests.hold(INDEX.digest, child(1))).toBeDefined();
  });

  it('holds what is larger than its index says only if it fits', async () => {
    await pushImage(source.url, 'img', ['v1'], INDEX);
    const { size } = child(0);
    const budget = new ByteBudget(size + 2);
    const manifests = manifestsWith(budget);
    const children = [0, 1].map((number) => ({ ...child(number), size: 1 }));
    await Promise.all(children.map(async (one) => manifests.hold(INDEX.digest, one)));
    expect(children.filter((one) => manifests.isHeld(one))).toHaveLength(1);
    expect(budget.tryTake(3)).toBe(false);
    manifests.releaseAll();
    expect(budget.tryTake(size + 2)).toBe(true);
  });

  it('returns the whole budget when the copy ends, and nothing twice', async () => {
    await pushImage(source.url, 'img', ['v1'], INDEX);
    const size = child(0).size + child(1).size;
    const budget = new ByteBudget(size);
    const manifests = manifestsWith(budget);
    await Promise.all([manifests.hold(INDEX.digest, child(0)), manifests.hold(INDEX.digest, child(1))]);
    expect(budget.tryTake(1)).toBe(false);
    manifests.release(child(0));
    manifests.release(child(0));
    manifests.releaseAll();
    expect([budget.tryTake(size + 1), budget.tryTake(size)]).toEqual([false, true]);
  });

  it('throws the failure of a read ahead only to whoever gets the child', async () => {
    const manifests = manifestsWith(new ByteBudget(1_000_000));
    const reading = manifests.hold(INDEX.digest, child(0));
    await expect(manifests.get(INDEX.digest, child(0))).rejects.toThrow(MissingAtSourceError);
    await expect(reading).rejects.toThrow(MissingAtSourceError);
  });
});
