import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Listing } from '../../../src/mirror/listing.ts';
import type { CredentialLookup } from '../../../src/oci/auth/credentials.ts';
import { testApis, testRegistries } from '../../support/fixtures/clients.ts';
import { makeImage, pushImage } from '../../support/fixtures/images.ts';
import { listAll } from '../../support/fixtures/list-all.ts';
import { sendJson } from '../../support/network/http.ts';
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

const IMAGE = makeImage({ seed: 'catalog' });

type Answer = (url: URL, response: ServerResponse) => void;

/** A registry that answers `_catalog` as `catalog` does, or as docker-registry with three names a page. */
async function registry(
  repositories: readonly string[],
  catalog?: Answer,
  options: MemoryRegistryOptions = {},
): Promise<MemoryRegistry> {
  const server = await startMemoryRegistry(options);
  servers.push(server);
  for (const repository of repositories) await pushImage(server.url, repository, ['v1', 'v2'], IMAGE);
  server.requests.length = 0;
  const answer = catalog ?? paged(server, 3);
  server.intercept = (request, response) => {
    const url = new URL(request.url ?? '', server.url);
    if (url.pathname !== '/v2/_catalog') return false;
    answer(url, response);
    return true;
  };
  return server;
}

/** https://distribution.github.io/distribution/spec/api/#pagination */
function paged(server: MemoryRegistry, size: number): Answer {
  return (url, response) => {
    const last = url.searchParams.get('last') ?? '';
    const rest = server.store.repositoryNames().filter((name) => name > last);
    const page = rest.slice(0, size);
    const link = `</v2/_catalog?last=${encodeURIComponent(page.at(-1) ?? '')}&n=${size}>; rel="next"`;
    sendJson(response, 200, { repositories: page }, rest.length > size ? { link } : {});
  };
}

async function list(
  { host }: MemoryRegistry,
  path: string,
  credentials?: CredentialLookup,
): Promise<Listing> {
  const registries = testRegistries({ retries: 1, ...(credentials && { credentials }) });
  return listAll({ registry: host, path }, registries.source(host), testApis());
}

function names({ images }: Listing): string[] {
  return Array.from(images.keys()).toSorted();
}

function catalogRequests({ requests }: MemoryRegistry): string[] {
  return requests.map(({ path }) => path).filter((path) => path.startsWith('/v2/_catalog'));
}

const REPOSITORIES = ['a', 'lib', 'lib/base', 'lib/base/debug', 'lib/z', 'library', 'library/x', 'z'];

describe('a source with a catalog', () => {
  it('lists all repositories from the root, page by page', async () => {
    const server = await registry(REPOSITORIES);
    const listing = await list(server, '');
    expect(names(listing)).toEqual(REPOSITORIES);
    expect(listing.images.get('lib/base')?.tags.get('v2')).toMatchObject({ digest: IMAGE.digest });
    expect(catalogRequests(server)).toEqual([
      '/v2/_catalog?n=1000',
      '/v2/_catalog?last=lib%2Fbase&n=3',
      '/v2/_catalog?last=library&n=3',
    ]);
  });

  it('lists a namespace that is a repository too, with all nested repositories', async () => {
    expect(names(await list(await registry(REPOSITORIES), 'lib'))).toEqual([
      'base',
      'base/debug',
      'lib',
      'z',
    ]);
  });

  it('lists a namespace that is not a repository', async () => {
    const server = await registry(['p/a', 'p/b', 'pp', 'q']);
    expect(names(await list(server, 'p'))).toEqual(['a', 'b']);
  });

  it('lists a single repository without nested ones', async () => {
    expect(names(await list(await registry(REPOSITORIES), 'lib/z'))).toEqual(['z']);
  });

  it('reports a namespace that does not exist', async () => {
    const server = await registry(REPOSITORIES);
    await expect(list(server, 'nobody')).rejects.toThrow(
      /\/nobody does not exist or is private.*NAME_UNKNOWN/,
    );
  });

  it('reads the catalog once for all namespaces of one registry', async () => {
    const server = await registry(REPOSITORIES);
    const client = testRegistries().source(server.host);
    await Promise.all(
      ['lib', 'library', 'lib/base'].map(async (path) =>
        listAll({ registry: server.host, path }, client, testApis()),
      ),
    );
    expect(catalogRequests(server)).toHaveLength(3);
  });

  it('reads the catalog again on the next listing, as the mode monitor does', async () => {
    const server = await registry(['p/a']);
    const client = testRegistries().source(server.host);
    const look = async (): Promise<string[]> =>
      names(await listAll({ registry: server.host, path: 'p' }, client, testApis()));
    expect(await look()).toEqual(['a']);
    await pushImage(server.url, 'p/b', ['v1'], IMAGE);
    expect(await look()).toEqual(['a', 'b']);
  });

  it('accepts pages with fewer names than requested', async () => {
    const server = await registry(REPOSITORIES, (url, response) => {
      if (url.searchParams.get('n') === '1000') {
        return refuse(response, 400, 'PAGINATION_NUMBER_INVALID', 'invalid number of results requested');
      }
      return paged(server, 100)(url, response);
    });
    expect(names(await list(server, 'library'))).toEqual(['library', 'x']);
    expect(catalogRequests(server)).toEqual(['/v2/_catalog?n=1000', '/v2/_catalog']);
  });

  it('accepts empty pages and an empty catalog', async () => {
    const server = await registry(['p/a'], (url, response) => {
      const second = url.searchParams.has('last');
      const link = { link: '<_catalog?last=x>; rel="next"' };
      sendJson(response, 200, { repositories: second ? ['p/a'] : null }, second ? {} : link);
    });
    expect(names(await list(server, 'p'))).toEqual(['a']);
  });

  it('reads the catalog to its end behind a proxy', async () => {
    const server = await registry(['p/a', 'p/b'], (url, response) => {
      const second = url.searchParams.has('last');
      const link = { link: '<http://nexus.internal:8081/v2/_catalog?last=a>; rel="next"' };
      sendJson(response, 200, { repositories: [second ? 'p/b' : 'p/a'] }, second ? {} : link);
    });
    expect(names(await list(server, 'p'))).toEqual(['a', 'b']);
  });

  it('rejects a catalog whose pages repeat', async () => {
    const server = await registry(['p/a'], (_, response) =>
      sendJson(response, 200, { repositories: ['p/a'] }, { link: '</v2/_catalog?last=a>; rel="next"' }),
    );
    await expect(list(server, 'p')).rejects.toThrow('the pages of repositories repeat');
  });

  it('accepts repositories without tags and duplicates, and reports invalid names', async () => {
    const repositories = ['p/a', 'p/a', 'p/empty', 'p/NO', 'p/../q'];
    const server = await registry(['p/a', 'q'], (_, response) => sendJson(response, 200, { repositories }));
    const { images, failures } = await list(server, 'p');
    expect(Array.from(images.keys())).toEqual(['a']);
    expect(failures.map(({ image }) => image)).toEqual(['NO', '../q']);
  });

  it.each([401, 403, 404, 405])(
    'names the remedy when the registry refuses the catalog with %d',
    async (status) => {
      const server = await registry(['p/a'], (_, response) => refuse(response, status, 'DENIED', 'no'));
      const remedy = /name each repository in "namespaces", or use credentials that may list them/;
      await expect(list(server, 'p')).rejects.toThrow(remedy);
      await expect(list(server, 'p')).rejects.toThrow(
        /\/p does not exist, or is private, as a repository \(GET .*NAME_UNKNOWN/,
      );
      await expect(list(server, '')).rejects.toThrow(remedy);
      expect(names(await list(server, 'p/a'))).toEqual(['a']);
    },
  );

  it('does not treat a failed catalog as empty', async () => {
    const server = await registry(['p/a'], (_, response) => refuse(response, 503, 'UNAVAILABLE', 'later'));
    await expect(list(server, 'p')).rejects.toThrow('UNAVAILABLE: later');
    await expect(list(server, 'p/a')).rejects.toThrow('UNAVAILABLE: later');
  });

  it('requests the catalog with its own scope', async () => {
    const account = { username: 'mirror', password: 'catalog-pa55', providedBy: 'a test' };
    const scopes: string[] = [];
    const server = await registry([], (_, response) => refuse(response, 404, 'NONE', ''));
    server.intercept = ({ url = '', headers }, response) => {
      const { pathname, searchParams } = new URL(url, server.url);
      if (pathname === '/token') {
        scopes.push(...searchParams.getAll('scope'));
        sendJson(response, 200, { token: 'catalog-token' });
      } else if (headers.authorization !== 'Bearer catalog-token') {
        const challenge = { 'www-authenticate': `Bearer realm="${server.url}/token",service="test"` };
        sendJson(response, 401, { errors: [] }, challenge);
      } else sendJson(response, 200, { repositories: [] });
      return true;
    };
    await expect(list(server, '', async () => account)).rejects.toThrow('No repository with tags found in');
    expect(scopes).toContain('registry:catalog:*');
  });
});
