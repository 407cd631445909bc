import { afterEach, describe, expect, it } from 'vitest';
import { type ListedTags, listByTags } from '../../../src/list/source.ts';
import { testClient } from '../../support/fixtures/clients.ts';
import { makeImage, pushImage } from '../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';

const servers: MemoryRegistry[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map(async (server) => server.close()));
});

const IMAGE = makeImage({ seed: 'listed' });

async function list(google: boolean, repository: string): Promise<ListedTags> {
  const server = await startMemoryRegistry(google ? { google } : { pageSize: 1 });
  servers.push(server);
  await pushImage(server.url, 'p/a', ['v1', 'v2'], IMAGE);
  await pushImage(server.url, 'p/a/b', ['v1'], IMAGE);
  return listByTags(testClient(server.host), repository);
}

describe('listByTags', () => {
  it("has digests and the paths of children from a registry of Google's kind", async () => {
    const { tags, children } = await list(true, 'p/a');
    expect(Array.from(tags, ([tag, listed]) => [tag, listed?.digest])).toEqual([
      ['v1', IMAGE.digest],
      ['v2', IMAGE.digest],
    ]);
    expect(children).toEqual(['p/a/b']);
    expect((await list(true, '')).children).toEqual(['p']);
  });

  it('has the names of all pages from any other registry', async () => {
    expect(await list(false, 'p/a')).toEqual({
      tags: new Map([
        ['v1', null],
        ['v2', null],
      ]),
    });
  });
});
