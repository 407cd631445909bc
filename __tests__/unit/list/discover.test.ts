import { afterEach, describe, expect, it } from 'vitest';
import { discover } from '../../../src/list/discover.ts';
import type { ListedTag, Listing } from '../../../src/mirror/listing.ts';
import { CompiledFilters } from '../../../src/select/compiled-filters.ts';
import { testApis, testRegistries } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { makeImage, pushImage } from '../../support/fixtures/images.ts';
import { listAll } from '../../support/fixtures/list-all.ts';
import {
  type MemoryRegistry,
  type MemoryRegistryOptions,
  refuse,
  startMemoryRegistry,
} from '../../support/registries/memory-registry.ts';

const servers: MemoryRegistry[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const IMAGE = makeImage({ seed: 'discover' });

async function registry(
  options: MemoryRegistryOptions,
  repositories: Record<string, string[]>,
): Promise<MemoryRegistry> {
  const server = await startMemoryRegistry(options);
  servers.push(server);
  for (const [repository, tags] of Object.entries(repositories))
    await pushImage(server.url, repository, tags, IMAGE);
  server.requests.length = 0;
  return server;
}

async function list({ host }: MemoryRegistry, path: string): Promise<Listing> {
  return listAll({ registry: host, path }, testRegistries().source(host), testApis());
}

function tagsOf({ images }: Listing): Record<string, string[]> {
  return Object.fromEntries(
    Array.from(images, ([image, { tags }]) => [image, Array.from(tags.keys()).toSorted()]),
  );
}

describe('discover', () => {
  it("walks Google's namespaces to their leaves, with one request per repository", async () => {
    const server = await registry(
      { google: true },
      { 'p/r': ['root'], 'p/r/a': ['v1', 'v2'], 'p/r/a/b/c': ['v1'], other: ['x'] },
    );
    server.store.putManifest('p/r/a', digest(1), IMAGE.mediaType, Buffer.from('{"untagged": 1}'));
    const listing = await list(server, 'p/r');
    expect(tagsOf(listing)).toEqual({ r: ['root'], a: ['v1', 'v2'], 'a/b/c': ['v1'] });
    expect(listing.images.get('a')).toMatchObject({ repository: 'p/r/a' });
    expect(listing.images.get('a')?.tags.get('v1')).toEqual({
      digest: IMAGE.digest,
      mediaType: IMAGE.mediaType,
      size: IMAGE.bytes.length,
      uploaded: 1,
    });
    expect(server.requests.map(({ path }) => path).toSorted()).toEqual(
      ['p/r/a/b/c', 'p/r/a/b', 'p/r/a', 'p/r'].map((name) => `/v2/${name}/tags/list`),
    );
  });

  it("lists the root of a registry of Google's kind", async () => {
    const server = await registry({ google: true }, { a: ['v1'], 'b/c': ['v1'] });
    expect(tagsOf(await list(server, ''))).toEqual({ a: ['v1'], 'b/c': ['v1'] });
  });

  it('lists a single repository page by page and looks up its digests', async () => {
    const tags = ['v1', 'v2', 'v3', 'v4', 'v5'];
    const server = await registry({ pageSize: 2 }, { 'coreos/flannel': tags });
    const listing = await list(server, 'coreos/flannel');
    expect(tagsOf(listing)).toEqual({ flannel: tags });
    expect(listing.images.get('flannel')?.tags.get('v3')).toEqual({
      digest: IMAGE.digest,
      mediaType: IMAGE.mediaType,
    });
    expect(server.requests.filter(({ path }) => path.includes('/tags/list'))).toHaveLength(3);
    expect(server.requests.filter(({ method }) => method === 'HEAD')).toHaveLength(5);
  });

  it('names the remedy for a registry that lists nothing', async () => {
    const server = await registry({}, { 'a/b': ['v1'] });
    await expect(list(server, '')).rejects.toThrow(
      /does not list its repositories: name each repository in "namespaces"/,
    );
    await expect(list(server, 'a')).rejects.toThrow(/\/a does not exist, .* does not list its repositories/);
  });

  it('reports a repository that cannot be listed and continues', async () => {
    const server = await registry(
      { google: true },
      { 'p/good': ['v1'], 'p/bad': ['v1'], 'p/bad/below': ['v1'] },
    );
    server.intercept = ({ url = '' }, response) => {
      if (!url.startsWith('/v2/p/bad/')) return false;
      refuse(response, 403, 'DENIED', 'no');
      return true;
    };
    const listing = await list(server, 'p');
    expect(tagsOf(listing)).toEqual({ good: ['v1'] });
    expect(listing.failures).toMatchObject([
      { image: 'bad', tags: [], reason: expect.stringContaining('DENIED: no') },
    ]);
  });

  it('reports a repository with a later page that answers 404', async () => {
    const server = await registry({ pageSize: 2 }, { 'p/a': ['v1', 'v2', 'v3'], 'p/b': ['v1'] });
    server.intercept = ({ url = '' }, response) => {
      if (url.startsWith('/v2/_catalog')) {
        response.end(JSON.stringify({ repositories: ['p/a', 'p/b'] }));
        return true;
      }
      if (!url.includes('last=')) return false;
      refuse(response, 404, 'NAME_UNKNOWN', 'repository name not known');
      return true;
    };
    const listing = await list(server, 'p');
    expect(tagsOf(listing)).toEqual({ b: ['v1'] });
    expect(listing.failures).toMatchObject([
      { image: 'a', tags: [], reason: expect.stringContaining("can't be read: status 404") },
    ]);
  });

  it('does not list repositories that the filters exclude, so that they cannot fail', async () => {
    const server = await registry({}, { 'p/a': ['v1'], 'p/b': ['v1'], 'p/b/c': ['v1'] });
    const listExcluding = async (exclude: string[], google: boolean): Promise<Listing<ListedTag>> => {
      server.requests.length = 0;
      server.intercept = ({ url = '' }, response) => {
        if (url.startsWith('/v2/_catalog')) {
          response.end(JSON.stringify({ repositories: ['p/a', 'p/b', 'p/b/c'] }));
        } else if (url.startsWith('/v2/p/b')) {
          refuse(response, 403, 'DENIED', 'denied');
        } else if (google && url === '/v2/p/tags/list') {
          response.end(JSON.stringify({ child: ['a', 'b'], manifest: {}, tags: [] }));
        } else return false;
        return true;
      };
      const filters = new CompiledFilters({ include: [], exclude });
      const client = testRegistries().source(server.host);
      return discover({ registry: server.host, path: 'p' }, client, testApis(), undefined, filters);
    };
    for (const google of [false, true]) {
      const { images, failures } = await listExcluding(['b', 'b/**'], google);
      expect([Array.from(images.keys()), failures]).toEqual([['a'], []]);
      expect(server.requests.filter(({ path }) => path.startsWith('/v2/p/b'))).toEqual([]);
    }
    // Others may be nested in an excluded repository of a tree.
    expect((await listExcluding(['b'], true)).failures).toMatchObject([{ image: 'b' }]);
    expect((await listExcluding(['**'], false)).images.size).toBe(0);
  });

  it('leaves out one of two repositories with the same image name', async () => {
    const server = await registry({ google: true }, { 'p/r': ['v1'], 'p/r/r': ['v1'] });
    const listing = await list(server, 'p/r');
    expect(listing.images.size).toBe(1);
    expect(listing.failures[0]?.reason).toContain('has the same image name');
  });
});

describe('discover by name', () => {
  const REPOSITORIES = { 'p/r': ['root'], 'p/r/a': ['v1'], 'p/r/a/b': ['v1'], 'p/r/c': ['v1'] };

  async function listNamed(server: MemoryRegistry, images: string[]): Promise<Listing> {
    return listAll(
      { registry: server.host, path: 'p/r' },
      testRegistries().source(server.host),
      testApis(),
      images,
    );
  }

  it('requests the named images only and skips those that do not exist', async () => {
    const server = await registry({ google: true }, REPOSITORIES);
    const listing = await listNamed(server, ['a', 'gone', 'r']);
    expect(tagsOf(listing)).toEqual({ a: ['v1'], r: ['root'] });
    expect(listing.failures).toEqual([]);
    expect(server.requests.map(({ path }) => path).toSorted()).toEqual(
      ['p/r/a', 'p/r/gone', 'p/r/r', 'p/r'].map((name) => `/v2/${name}/tags/list`),
    );
  });

  it('lists named repositories of a registry that lists no namespaces', async () => {
    const server = await registry({}, { 'p/r/a': ['v1'] });
    expect(tagsOf(await listNamed(server, ['a']))).toEqual({ a: ['v1'] });
  });

  it('reports the namespace when none of the named images exists', async () => {
    const server = await registry({ google: true }, { other: ['v1'] });
    await expect(listNamed(server, ['a'])).rejects.toThrow(
      /p\/r does not exist, or is private, as a repository/,
    );
  });

  it('reports a named image that cannot be listed', async () => {
    const server = await registry({ google: true }, REPOSITORIES);
    server.intercept = (request, response) => {
      if (request.url !== '/v2/p/r/c/tags/list') return false;
      refuse(response, 403, 'DENIED', 'denied');
      return true;
    };
    const { failures } = await listNamed(server, ['a', 'c']);
    expect(failures).toMatchObject([{ image: 'c', reason: expect.stringContaining('403') }]);
  });
});
