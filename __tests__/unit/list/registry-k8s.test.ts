import { afterEach, describe, expect, it } from 'vitest';
import type { Listing } from '../../../src/mirror/listing.ts';
import { testApis, testRegistries } from '../../support/fixtures/clients.ts';
import { makeImage, pushImage } from '../../support/fixtures/images.ts';
import { listAll } from '../../support/fixtures/list-all.ts';
import { type TestServer, startServer } from '../../support/network/http.ts';
import {
  type MemoryRegistry,
  type MemoryRegistryOptions,
  refuse,
  startMemoryRegistry,
} from '../../support/registries/memory-registry.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const IMAGE = makeImage({ seed: 'pause' });
const PREFIX = 'k8s-artifacts-prod/images';

/** registry.k8s.io: each request is sent on to a registry that has the images under another name, without its query. */
async function start(
  options: MemoryRegistryOptions,
): Promise<{ front: TestServer; backend: MemoryRegistry }> {
  const backend = await startMemoryRegistry(options);
  const front = await startServer(async ({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://front');
    if (pathname === '/v2/_catalog') return refuse(response, 404, 'NOT_FOUND', 'no catalog');
    const location = `${backend.url}/v2/${PREFIX}${pathname.slice('/v2'.length)}`;
    response.writeHead(pathname === '/v2/' ? 200 : 307, { location });
    response.end();
  });
  servers.push(front, backend);
  await pushImage(backend.url, `${PREFIX}/pause`, ['3.8', '3.9', '3.10'], IMAGE);
  await pushImage(backend.url, `${PREFIX}/coredns/coredns`, ['v1'], IMAGE);
  backend.requests.length = 0;
  return { front, backend };
}

async function list({ host }: TestServer, path: string): Promise<Listing> {
  return listAll({ registry: host, path }, testRegistries().source(host), testApis());
}

describe('registry.k8s.io', () => {
  it("lists the root in Google's form", async () => {
    const { front } = await start({ google: true });
    const { images, failures } = await list(front, '');
    expect(Array.from(images.keys()).toSorted()).toEqual(['coredns/coredns', 'pause']);
    // By the name that it was asked for, not by that of the answer.
    expect(images.get('pause')?.repository).toBe('pause');
    expect(images.get('pause')?.tags.get('3.9')).toMatchObject({ digest: IMAGE.digest });
    expect(failures).toEqual([]);
  });

  it("follows a relative Link at the registry that answered, which keeps the page's query", async () => {
    const { front, backend } = await start({ pageSize: 1 });
    const { images } = await list(front, 'pause');
    expect(Array.from(images.get('pause')?.tags.keys() ?? []).toSorted()).toEqual(['3.10', '3.8', '3.9']);
    const lists = backend.requests.map(({ path }) => path).filter((path) => path.includes('/tags/list'));
    expect(lists).toEqual(
      ['', '?n=1&last=3.10', '?n=1&last=3.8'].map((query) => `/v2/${PREFIX}/pause/tags/list${query}`),
    );
  });

  it('reports that a root without children cannot be listed', async () => {
    const { front } = await start({ pageSize: 1 });
    await expect(list(front, '')).rejects.toThrow(/does not list its repositories: name each repository/);
  });
});
