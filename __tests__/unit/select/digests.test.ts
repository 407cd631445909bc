import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { discover } from '../../../src/list/discover.ts';
import type { Listing } from '../../../src/mirror/listing.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { resolveDigests } from '../../../src/select/digests.ts';
import { testApis, testRegistries } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { makeImage, pushImage } from '../../support/fixtures/images.ts';
import { listAll } from '../../support/fixtures/list-all.ts';
import {
  type MemoryRegistry,
  refuse,
  startMemoryRegistry,
} from '../../support/registries/memory-registry.ts';

const servers: MemoryRegistry[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const IMAGE = makeImage({ seed: 'heads' });

/** A repository `a` of which the registry refuses the manifests of some tags. */
async function start(
  tags: readonly string[],
  refused: RegExp,
  status = 403,
  methods: readonly (string | undefined)[] = ['HEAD'],
): Promise<MemoryRegistry> {
  const server = await startMemoryRegistry();
  servers.push(server);
  await pushImage(server.url, 'a', tags, IMAGE);
  server.requests.length = 0;
  server.intercept = ({ url = '', method }, response) => {
    if (!methods.includes(method) || !refused.test(url.split('/').at(-1) ?? '')) return false;
    refuse(response, status, 'BROKEN', 'no such blob');
    return true;
  };
  return server;
}

async function list({ host }: MemoryRegistry): Promise<Listing> {
  const client = testRegistries({ retries: 0 }).source(host);
  return listAll({ registry: host, path: 'a' }, client, testApis());
}

describe('resolveDigests', () => {
  it('leaves out a tag that is refused, and reports it', async () => {
    const { images, failures } = await list(await start(['v1', 'v2', 'v3'], /v2/, 500));
    expect(Array.from(images.get('a')?.tags.keys() ?? []).toSorted()).toEqual(['v1', 'v3']);
    expect(failures).toMatchObject([{ image: 'a', tags: ['v2'] }]);
    expect(failures[0]?.reason).toMatch(/HEAD .*\/v2\/a\/manifests\/v2: status 500/);
  });

  it('finds a tag by GET when HEAD answers 404', async () => {
    const { images, failures } = await list(await start(['v1', 'v2'], /v2/, 404));
    expect(images.get('a')?.tags.get('v2')).toEqual({ digest: IMAGE.digest, mediaType: IMAGE.mediaType });
    expect(failures).toEqual([]);
  });

  it('reports a tag that is listed without a manifest', async () => {
    const { images, failures } = await list(await start(['v1', 'v2', 'v3'], /v[23]/, 404, ['HEAD', 'GET']));
    expect(Array.from(images.get('a')?.tags.keys() ?? [])).toEqual(['v1']);
    expect(failures).toEqual([
      { image: 'a', tags: ['v2', 'v3'], reason: expect.stringContaining('has no manifest for it') },
    ]);
  });

  it('leaves out a tag that has been removed since', async () => {
    const server = await start(['v1', 'v2'], /^$/);
    let lists = 0;
    server.intercept = ({ url = '' }) => {
      if (url.endsWith('/tags/list')) lists += 1;
      else server.store.deleteTag('a', 'v2');
      return false;
    };
    const { images, failures } = await list(server);
    expect(Array.from(images.get('a')?.tags.keys() ?? [])).toEqual(['v1']);
    expect(failures).toEqual([]);
    expect(lists).toBe(2);
  });

  it('sends as many requests at a time as the host limiter allows', async () => {
    const tags = Array.from({ length: 200 }, (_, index) => `v${index}`);
    const server = await start(tags, /^$/);
    let [now, most] = [0, 0];
    server.intercept = async (_, response) => {
      most = Math.max(most, (now += 1));
      response.on('finish', () => (now -= 1));
      await delay(5);
      return false;
    };
    const { images } = await list(server);
    expect(images.get('a')?.tags.size).toBe(200);
    expect(most).toBeGreaterThan(20);
    expect(most).toBeLessThanOrEqual(50);
  });

  it('gives up on a repository that refuses all tags', async () => {
    const tags = Array.from({ length: 1000 }, (_, index) => `v${index}`);
    const server = await start(tags, /^v\d/, 403, ['HEAD', 'GET']);
    const { images, failures } = await list(server);
    expect(images.size).toBe(0);
    expect(failures).toMatchObject([{ image: 'a', tags: [] }]);
    expect(server.requests.filter(({ method }) => method === 'HEAD').length).toBeLessThan(400);
  });
});

describe('known digests', () => {
  it('are not looked up', async () => {
    const server = await start(['v1.0.0', 'v1.1.0', 'latest'], /^$/);
    const client = testRegistries().source(server.host);
    const { images } = await discover({ registry: server.host, path: 'a' }, client, testApis());
    server.requests.length = 0;
    const knownDigest = (_: string, tag: string): Digest | undefined =>
      tag === 'latest' ? undefined : digest(9);
    const resolved = await resolveDigests(images, client, knownDigest);
    const tags = Array.from(resolved.images.get('a')?.tags ?? [], ([tag, manifest]) => [
      tag,
      manifest.digest,
    ]);
    expect(Object.fromEntries(tags)).toEqual({
      'v1.0.0': digest(9),
      'v1.1.0': digest(9),
      latest: IMAGE.digest,
    });
    expect(resolved.notRechecked).toBe(2);
    expect(server.requests.map(({ path }) => path)).toEqual(['/v2/a/manifests/latest']);
  });
});
