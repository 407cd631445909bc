import { afterEach, describe, expect, it } from 'vitest';
import type { Listing } from '../../../src/mirror/listing.ts';
import { SCHEMA1_SIGNED } from '../../../src/oci/media-types.ts';
import { testRegistries } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { makeImage, pushImage } from '../../support/fixtures/images.ts';
import { listAll } from '../../support/fixtures/list-all.ts';
import { type TestServer, sendJson, startServer } from '../../support/network/http.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const IMAGE = makeImage({ seed: 'docker hub' });
const INDEX = 'application/vnd.oci.image.index.v1+json';

interface HubTag {
  readonly name: string;
  readonly digest?: string;
  readonly media_type?: string;
  readonly images?: readonly { readonly size: number }[];
}

interface Hub extends TestServer {
  readonly requests: string[];
  readonly authorizations: (string | undefined)[];
  status?: number;
}

/** Docker Hub's API. https://docs.docker.com/reference/api/hub/latest/ */
async function startHub(repositories: Readonly<Record<string, readonly HubTag[]>>, size = 100): Promise<Hub> {
  const server = await startServer(async (request, response) => {
    hub.requests.push(request.url ?? '');
    hub.authorizations.push(request.headers.authorization);
    const { pathname, searchParams } = new URL(request.url ?? '', server.url);
    if (hub.status !== undefined) {
      return sendJson(response, hub.status, { detail: 'Rate limit exceeded', error: false }, CHALLENGE);
    }
    const [, namespace = '', name] = /^\/v2\/repositories\/([^/]+)\/(?:(.+)\/tags\/)?$/.exec(pathname) ?? [];
    const all = name
      ? repositories[`${namespace}/${name}`]?.map(describeTag)
      : Object.keys(repositories)
          .filter((key) => key.startsWith(`${namespace}/`))
          .map(describeRepository);
    if (!all?.length) {
      const errinfo = { namespace, repository: name };
      return sendJson(response, 404, { message: 'httperror 404: object not found', errinfo });
    }
    const limit = Math.min(size, Number(searchParams.get('page_size')));
    const page = Number(searchParams.get('page') ?? 1);
    const next = `https://hub.docker.com${pathname}?page=${page + 1}&page_size=${limit}`;
    return sendJson(response, 200, {
      count: all.length,
      next: page * limit < all.length ? next : null,
      previous: null,
      results: all.slice((page - 1) * limit, page * limit),
    });
  });
  servers.push(server);
  const hub: Hub = { ...server, requests: [], authorizations: [] };
  return hub;
}

const CHALLENGE = { 'www-authenticate': 'Basic realm="hub"', 'retry-after': '0' };

function describeRepository(key: string): unknown {
  const [namespace, name] = key.split('/');
  return {
    name,
    namespace,
    repository_type: 'image',
    status: 1,
    status_description: 'active',
    is_private: false,
    star_count: 1,
    pull_count: 12_916_987_208,
    last_updated: '2026-04-08T04:52:59.85304Z',
    media_types: [INDEX],
    content_types: ['image'],
  };
}

function describeTag({ name, ...rest }: HubTag): unknown {
  const image = { architecture: 'amd64', os: 'linux', status: 'active', digest: digest(99), variant: null };
  return {
    creator: 1156886,
    id: 1,
    images: [
      { ...image, size: 1000 },
      { ...image, architecture: 'arm64', size: 500 },
    ],
    last_updated: '2026-04-08T04:52:59.85304Z',
    name,
    repository: 21171,
    full_size: 1000,
    v2: true,
    tag_status: 'active',
    content_type: 'image',
    ...rest,
  };
}

async function startRegistry(repositories: Readonly<Record<string, string[]>>): Promise<MemoryRegistry> {
  const server = await startMemoryRegistry();
  servers.push(server);
  for (const [repository, tags] of Object.entries(repositories))
    await pushImage(server.url, repository, tags, IMAGE);
  server.requests.length = 0;
  return server;
}

async function list(hub: Hub, registry: MemoryRegistry, path: string): Promise<Listing> {
  const credential = { username: 'mirror', password: 'hub-pa55', providedBy: 'a test' };
  const registries = testRegistries({ retries: 1, credentials: async () => credential });
  const api = registries.api(new URL(hub.url));
  const apis = { dockerHub: api, quay: api, github: undefined };
  return listAll({ registry: 'docker.io', path }, registries.source(registry.host), apis);
}

describe('Docker Hub', () => {
  it('lists the repositories of a namespace and the digests of their tags, page by page', async () => {
    const tag = (number: number): HubTag => ({
      name: `v${number}`,
      digest: digest(number),
      media_type: INDEX,
    });
    const hub = await startHub(
      {
        'grafana/grafana': [1, 2, 3, 4, 5].map(tag),
        'grafana/loki': [tag(6)],
        'grafana/mimir': [tag(7)],
        'other/x': [tag(8)],
      },
      2,
    );
    const registry = await startRegistry({});
    const { images } = await list(hub, registry, 'grafana');
    expect(Array.from(images.keys()).toSorted()).toEqual(['grafana', 'loki', 'mimir']);
    const grafana = images.get('grafana');
    expect(grafana?.repository).toBe('grafana/grafana');
    expect(Array.from(grafana?.tags.keys() ?? [])).toEqual(['v1', 'v2', 'v3', 'v4', 'v5']);
    expect(grafana?.tags.get('v3')).toEqual({ digest: digest(3), mediaType: INDEX, size: 1500 });
    expect(hub.requests.slice(0, 2)).toEqual([
      '/v2/repositories/grafana/?page_size=100',
      '/v2/repositories/grafana/?page=2&page_size=2',
    ]);
    expect(registry.requests).toEqual([]);
  });

  it.each([-1, 0.5, Number.MAX_VALUE])('takes %d for no size in bytes', async (size) => {
    const tag = { name: 'v6', digest: digest(6), media_type: INDEX, images: [{ size }, { size: 500 }] };
    const hub = await startHub({ 'grafana/loki': [tag] });
    const { images } = await list(hub, await startRegistry({}), 'grafana');
    expect(images.get('loki')?.tags.get('v6')).toEqual({ digest: digest(6), mediaType: INDEX });
  });

  it("never sends the registry's credentials to the API", async () => {
    const hub = await startHub({});
    // Asked with Basic, the transport would answer with a credential that it has.
    hub.status = 401;
    await expect(list(hub, await startRegistry({}), 'grafana')).rejects.toThrow(/status 401/);
    expect(hub.authorizations).toEqual([undefined, undefined]);
  });

  it('looks up digests at the registry that the API does not list', async () => {
    const old = { name: 'old', digest: digest(1), media_type: SCHEMA1_SIGNED };
    const hub = await startHub({ 'ns/a': [{ name: 'bare' }, { name: 'typeless', digest: digest(2) }, old] });
    const registry = await startRegistry({ 'ns/a': ['bare', 'typeless'] });
    const { images } = await list(hub, registry, 'ns/a');
    const tags = images.get('a')?.tags;
    const head = { digest: IMAGE.digest, mediaType: IMAGE.mediaType };
    expect(tags?.get('bare')).toEqual(head);
    expect(tags?.get('typeless')).toEqual(head);
    expect(tags?.get('old')).toMatchObject({ digest: digest(1), mediaType: SCHEMA1_SIGNED });
    expect(registry.requests.map(({ method }) => method)).toEqual(['HEAD', 'HEAD']);
  });

  it.each([404, 429, 500])('lists a repository at the registry when the API answers %d', async (status) => {
    const hub = await startHub({});
    hub.status = status;
    const { images } = await list(hub, await startRegistry({ 'ns/private': ['v1'] }), 'ns/private');
    expect(images.get('private')?.tags.get('v1')).toMatchObject({ digest: IMAGE.digest });
  });

  it('names the remedy for a namespace that does not exist or gets no answer', async () => {
    const hub = await startHub({});
    const registry = await startRegistry({});
    await expect(list(hub, registry, 'nginxx')).rejects.toThrow(
      /docker.io\/nginxx is no namespace of Docker Hub. Official images are in docker.io\/library/,
    );
    await expect(list(hub, registry, 'ns/nothing')).rejects.toThrow(/docker.io\/ns\/nothing does not exist/);
    await expect(list(hub, registry, '')).rejects.toThrow(/name a namespace, such as docker.io\/library/);
    hub.status = 500;
    await expect(list(hub, registry, 'ns')).rejects.toThrow(/name each repository in "namespaces"/);
  });
});
