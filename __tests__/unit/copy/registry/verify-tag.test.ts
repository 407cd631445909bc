import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyTag } from '../../../../src/copy/registry/verify-tag.ts';
import type { VerifiedTag } from '../../../../src/copy/engine.ts';
import { testClient } from '../../../support/fixtures/clients.ts';
import { makeImage } from '../../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/registries/memory-registry.ts';

const IMAGE = makeImage({ seed: 'verified' });
const platforms = { platforms: ['linux/amd64'] };

let target: MemoryRegistry;

beforeEach(async () => {
  target = await startMemoryRegistry();
});
afterEach(async () => target.close());

async function verify(): Promise<Map<string, VerifiedTag>> {
  const verified = new Map<string, VerifiedTag>();
  const task = { target: { client: testClient(target.host), repository: 'mirror/img' } };
  const observer = { onTagVerified: (tag: string, what: VerifiedTag) => void verified.set(tag, what) };
  await verifyTag({ task, observer, manifest: IMAGE, platforms }, 'v1');
  return verified;
}

describe('verifyTag', () => {
  it('reports the digest that the target has under the tag', async () => {
    target.store.putManifest('mirror/img', 'v1', IMAGE.mediaType, IMAGE.bytes);
    expect(await verify()).toEqual(new Map([['v1', { digest: IMAGE.digest, ...platforms }]]));
  });

  it('believes the content rather than a header', async () => {
    target.store.putManifest('mirror/img', 'v1', IMAGE.mediaType, IMAGE.bytes);
    target.intercept = ({ method }, response) => {
      if (method !== 'HEAD') return false;
      const wrong = { 'docker-content-digest': `sha256:${'0'.repeat(64)}`, 'content-length': 5 };
      response.writeHead(200, { 'content-type': IMAGE.mediaType, ...wrong }).end();
      return true;
    };
    expect((await verify()).get('v1')?.digest).toBe(IMAGE.digest);
  });

  it('fails when the target holds something else, or nothing', async () => {
    await expect(verify()).rejects.toThrow('the target says that it holds nothing');
    const other = makeImage({ seed: 'other' });
    target.store.putManifest('mirror/img', 'v1', other.mediaType, other.bytes);
    await expect(verify()).rejects.toThrow(other.digest);
  });
});
