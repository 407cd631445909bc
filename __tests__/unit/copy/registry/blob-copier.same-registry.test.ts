import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectHeld, observe, startCopying, taskOf, uploadsTo } from '../../../support/fixtures/copying.ts';
import { makeImage, makeIndex, pushImage } from '../../../support/fixtures/images.ts';
import {
  type MemoryRegistry,
  refuse,
  startMemoryRegistry,
} from '../../../support/registries/memory-registry.ts';

const LARGE = 2 * 1024 ** 2;
const IMAGE = makeIndex([
  makeImage({ seed: 'one', layers: [1000, LARGE] }),
  makeImage({ seed: 'two', layers: [2000], platform: 'linux/arm64' }),
]);

let registry: MemoryRegistry;

beforeEach(async () => {
  registry = await startMemoryRegistry();
});
afterEach(async () => {
  await registry.close();
});

/** Copies `img` to `mirror/img` within the registry, and returns the requests that were sent for blobs. */
async function copyWithin(retries?: number): Promise<string[]> {
  await pushImage(registry.url, 'img', ['v1'], IMAGE);
  registry.requests.length = 0;
  const copying = startCopying(registry, registry, retries === undefined ? {} : { retries });
  const observer = observe();
  await copying.engine.copy(taskOf(copying, 'img', IMAGE), observer);
  expect(Array.from(observer.verified.keys())).toEqual(['v1']);
  expectHeld(registry, IMAGE);
  return registry.requests
    .filter(({ path }) => path.includes('/blobs/'))
    .map(({ method, path }) => `${method} ${path}`);
}

describe('a copy within one registry', () => {
  it('mounts every blob from the repository of the source, and sends none', async () => {
    const requests = await copyWithin();
    expect(requests.every((request) => request.startsWith('POST ') && request.includes('from=img'))).toBe(
      true,
    );
    expect(uploadsTo(registry)).toEqual([]);
  });

  it.each([401, 403, 500])('sends the blobs when the mount is refused with %i', async (status) => {
    registry.intercept = (request, response) => {
      if (request.url?.includes('from=img') !== true) return false;
      refuse(response, status, 'DENIED', 'no access to the source');
      return true;
    };
    await copyWithin();
    const blobs = IMAGE.children.flatMap((child) => Array.from(child.blobs.keys()));
    expect(uploadsTo(registry).toSorted()).toEqual(Array.from(new Set(blobs)).toSorted());
  });

  it('sends the blobs when the registry starts an upload instead of a mount', async () => {
    await registry.close();
    registry = await startMemoryRegistry({ mounts: false });
    await copyWithin();
    expect(uploadsTo(registry)).not.toEqual([]);
  });
});
