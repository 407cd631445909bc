import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Listing } from '../../src/mirror/listing.ts';
import { testApis, testRegistries } from '../support/fixtures/clients.ts';
import { makeImage, pushImage } from '../support/fixtures/images.ts';
import { listAll } from '../support/fixtures/list-all.ts';
import type { TestServer } from '../support/network/http.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';

/** A config and no layer: one mount per repository. */
const image = makeImage({ seed: 'catalog', layers: [] });
const [config = ''] = image.blobs.keys();

/** More than one page: the action requests 1,000 names per page. */
const MANY = Array.from({ length: 1100 }, (_, index) => `many/r${String(index).padStart(4, '0')}`);

const registries: TestServer[] = [];
afterAll(async () => {
  await Promise.all(registries.map((registry) => registry.close()));
});

/** Docker-registry with `repositories`, each with the tag v1, whose blob is mounted from the first. */
async function start(maxEntries: number, repositories: readonly string[]): Promise<TestServer> {
  const registry = await startDockerRegistry({ config: { catalog: { maxentries: maxEntries } } });
  registries.push(registry);
  const [first = '', ...others] = repositories;
  await pushImage(registry.url, first, ['v1'], image);
  const limit = pLimit(20);
  await Promise.all(
    others.map((repository) =>
      limit(async () => {
        await mount(registry.url, repository, first);
        await put(`${registry.url}/v2/${repository}/manifests/v1`);
      }),
    ),
  );
  return registry;
}

async function mount(url: string, repository: string, from: string): Promise<void> {
  const query = new URLSearchParams({ mount: config, from });
  const answer = await fetch(`${url}/v2/${repository}/blobs/uploads/?${query.toString()}`, {
    method: 'POST',
  });
  await answer.arrayBuffer();
  if (answer.status !== 201) throw new Error(`${repository}: a mount was answered ${answer.status}`);
}

async function put(url: string): Promise<void> {
  const headers = { 'content-type': image.mediaType };
  const answer = await fetch(url, { method: 'PUT', headers, body: Buffer.from(image.bytes) });
  if (answer.status !== 201) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
}

async function list({ host }: TestServer, path: string): Promise<Listing> {
  return listAll({ registry: host, path }, testRegistries().source(host), testApis());
}

function names({ images }: Listing): string[] {
  return Array.from(images.keys()).toSorted();
}

describe("docker-registry's catalog of more than 1,000 repositories", () => {
  let registry: TestServer;

  beforeAll(async () => {
    registry = await start(1000, ['library/base', 'library/base/debug', 'library/base-other', 'zz', ...MANY]);
    await mount(registry.url, 'many/untagged', 'library/base');
  });

  it('is listed to its end, with every digest', async () => {
    const { images, failures } = await list(registry, 'many');
    expect(Array.from(images.values(), ({ repository }) => repository).toSorted()).toEqual(MANY);
    for (const { tags } of images.values()) {
      expect(Array.from(tags)).toEqual([['v1', { digest: image.digest, mediaType: image.mediaType }]]);
    }
    expect(failures).toEqual([]);
  });

  it('lists a repository with those nested in it, and no others', async () => {
    expect(names(await list(registry, 'library/base'))).toEqual(['base', 'debug']);
    expect(names(await list(registry, 'library'))).toEqual(['base', 'base-other', 'base/debug']);
    expect(names(await list(registry, 'zz'))).toEqual(['zz']);
  });

  it('lists all repositories for the root namespace', async () => {
    expect((await list(registry, '')).images.size).toBe(MANY.length + 4);
  });

  it('rejects a namespace that is not in it', async () => {
    await expect(list(registry, 'man')).rejects.toThrow(/\/man does not exist or is private.*NAME_UNKNOWN/);
  });
});

describe("docker-registry's catalog with fewer names per page than requested", () => {
  it('is listed to its end', async () => {
    const repositories = MANY.slice(0, 250);
    const registry = await start(100, repositories);
    expect((await list(registry, 'many')).images.size).toBe(250);
  });
});
