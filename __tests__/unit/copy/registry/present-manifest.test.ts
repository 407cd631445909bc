import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CopyTask } from '../../../../src/copy/engine.ts';
import { fetchTaskChild, fetchTaskManifest } from '../../../../src/copy/registry/present-manifest.ts';
import { startCopying, taskOf } from '../../../support/fixtures/copying.ts';
import { makeImage, makeIndex, pushImage } from '../../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/registries/memory-registry.ts';

const CHILD = makeImage({ seed: 'child' });
const INDEX = makeIndex([CHILD]);
const ENTRY = { mediaType: CHILD.mediaType, digest: CHILD.digest, size: CHILD.bytes.length };

let source: MemoryRegistry;
let target: MemoryRegistry;

beforeEach(async () => {
  source = await startMemoryRegistry();
  target = await startMemoryRegistry();
  await pushImage(source.url, 'img', ['v1'], INDEX);
  await pushImage(target.url, 'mirror/img', ['v1'], INDEX);
  source.requests.length = 0;
});
afterEach(async () => {
  await Promise.all([source.close(), target.close()]);
});

function task(options: Parameters<typeof taskOf>[3] = {}): CopyTask {
  return taskOf(startCopying(source, target, { retries: 0 }), 'img', INDEX, options);
}

/** Reads the index and its child, and returns the number of requests that the source received. */
async function readBoth(one: CopyTask): Promise<number> {
  expect((await fetchTaskManifest(one)).digest).toBe(INDEX.digest);
  expect((await fetchTaskChild(one, INDEX.digest, ENTRY)).digest).toBe(CHILD.digest);
  return source.requests.length;
}

describe('manifests', () => {
  it.each([{ present: true }, { tags: [] }])('are read at the target that has them: %j', async (options) => {
    expect(await readBoth(task(options))).toBe(0);
  });

  it.each([{}, { present: true, platforms: ['linux/amd64'] }])(
    'are read at the source otherwise: %j',
    async (options) => {
      expect(await readBoth(task(options))).toBe(2);
    },
  );

  it('are read at the source when the target does not have them', async () => {
    for (const digest of [INDEX.digest, CHILD.digest]) target.store.deleteManifest('mirror/img', digest);
    expect(await readBoth(task({ present: true }))).toBe(2);
  });

  it('are read at the source when the target sends other bytes', async () => {
    target.intercept = ({ url }, response) => {
      if (url?.includes('/manifests/') !== true) return false;
      response.writeHead(200, { 'content-type': INDEX.mediaType }).end('{"manifests":[]}');
      return true;
    };
    expect(await readBoth(task({ present: true }))).toBe(2);
  });
});
