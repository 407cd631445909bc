import { afterEach, describe, expect, it } from 'vitest';
import type { Listing } from '../../../src/mirror/listing.ts';
import { testApis, testRegistries } from '../../support/fixtures/clients.ts';
import { makeImage, pushImage } from '../../support/fixtures/images.ts';
import { listAll } from '../../support/fixtures/list-all.ts';
import { sendJson } from '../../support/network/http.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';

const servers: MemoryRegistry[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const IMAGE = makeImage({ seed: 'quay' });
const CHART = 'coreos/chart';

/** Quay, registry and API on one host, with two repositories a page behind opaque tokens. */
async function startQuay(repositories: readonly string[]): Promise<MemoryRegistry> {
  const server = await startMemoryRegistry();
  servers.push(server);
  for (const repository of repositories) await pushImage(server.url, repository, ['v1'], IMAGE);
  server.requests.length = 0;
  server.intercept = ({ url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, server.url);
    if (pathname !== '/api/v1/repository') return false;
    if (searchParams.get('public') !== 'true') {
      sendJson(response, 400, { detail: 'Missing either public or starred', status: 400 });
      return true;
    }
    const start = Number(
      Buffer.from(searchParams.get('next_page') ?? '', 'base64')
        .toString()
        .slice(2),
    );
    const all = repositories.filter((name) => name.startsWith(`${searchParams.get('namespace') ?? ''}/`));
    const token = Buffer.from(`+/${start + 2}`).toString('base64');
    sendJson(response, 200, {
      repositories: all.slice(start, start + 2).map((repository) => ({
        namespace: repository.split('/')[0],
        name: repository.split('/')[1],
        description: null,
        is_public: true,
        kind: repository === CHART ? 'application' : 'image',
        state: 'NORMAL',
        is_starred: false,
        quota_report: { quota_bytes: null, configured_quota: null },
      })),
      ...(start + 2 < all.length && { next_page: token }),
    });
    return true;
  };
  return server;
}

async function list(server: MemoryRegistry, path: string): Promise<Listing> {
  const client = testRegistries({ retries: 0 }).source(server.host);
  return listAll({ registry: 'quay.io', path }, client, testApis(server.url));
}

describe('Quay', () => {
  it('lists the public repositories of a namespace, page by page', async () => {
    const repositories = ['coreos/clair', 'coreos/dex', CHART, 'coreos/etcd', 'coreos/flannel', 'other/x'];
    const server = await startQuay(repositories);
    const { images } = await list(server, 'coreos');
    expect(Array.from(images.keys()).toSorted()).toEqual(['clair', 'dex', 'etcd', 'flannel']);
    const manifest = { digest: IMAGE.digest, mediaType: IMAGE.mediaType };
    expect(images.get('dex')).toEqual({ repository: 'coreos/dex', tags: new Map([['v1', manifest]]) });
    const pages = server.requests.filter(({ path }) => path.startsWith('/api/'));
    expect(pages).toHaveLength(3);
    expect(pages[1]?.path).toContain('&next_page=Ky8y');
  });

  it('lists a single repository by the registry API only', async () => {
    const server = await startQuay(['coreos/flannel', 'coreos/dex']);
    expect(Array.from((await list(server, 'coreos/flannel')).images.keys())).toEqual(['flannel']);
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/v2/coreos/flannel/tags/list',
      '/v2/coreos/flannel/manifests/v1',
    ]);
  });

  it('names the remedy for a namespace without visible repositories', async () => {
    const server = await startQuay([]);
    await expect(list(server, 'nobody')).rejects.toThrow(
      /No repository with tags found in quay\.io\/nobody\..*list private repositories individually/,
    );
    await expect(list(server, '')).rejects.toThrow(/name a namespace, such as quay.io\/coreos/);
    server.intercept = (_, response) => {
      sendJson(response, 502, { detail: 'bad gateway' });
      return true;
    };
    await expect(list(server, 'coreos')).rejects.toThrow(/quay.io\/coreos can't be listed by Quay's API/);
  });
});
