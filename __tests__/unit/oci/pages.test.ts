import { afterEach, describe, expect, it } from 'vitest';
import { testClient } from '../../support/fixtures/clients.ts';
import { type TestServer, sendJson, startServer } from '../../support/network/http.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Lists the tags of a registry whose pages `page` makes, by their number. */
async function listTags(
  page: (number: number) => { readonly tags: readonly string[]; readonly next?: number },
): Promise<string[]> {
  const server = await startServer(async ({ url = '' }, response) => {
    const { tags, next } = page(Number(new URL(url, 'http://x').searchParams.get('page') ?? 0));
    const link = next === undefined ? undefined : { link: `</v2/a/tags/list?page=${next}>; rel="next"` };
    sendJson(response, 200, { name: 'a', tags }, link);
  });
  servers.push(server);
  return testClient(server.host).listTags('a');
}

describe('readPages', () => {
  it('reads all pages to the last', async () => {
    const tags = await listTags((number) => ({
      tags: [`v${number}`],
      ...(number < 3 && { next: number + 1 }),
    }));
    expect(tags).toEqual(['v0', 'v1', 'v2', 'v3']);
  });

  it('reads a page with hundreds of thousands of items', async () => {
    const tags = Array.from({ length: 300_000 }, (_, index) => `v${index}`);
    expect(await listTags(() => ({ tags }))).toHaveLength(300_000);
  });

  it('throws when pages repeat', async () => {
    const circle = listTags((number) => ({ tags: ['v'], next: number === 2 ? 1 : number + 1 }));
    await expect(circle).rejects.toThrow(/\/v2\/a\/tags\/list: the pages of tags repeat/);
  });

  it('throws when there are too many items', async () => {
    const tags = Array.from({ length: 400_000 }, () => 'v');
    const endless = listTags((number) => ({ tags, next: number + 1 }));
    await expect(endless).rejects.toThrow('there are more than 1000000 tags');
  });

  it('throws when there are too many pages', async () => {
    const endless = listTags((number) => ({ tags: ['v'], next: number + 1 }));
    await expect(endless).rejects.toThrow('there are more than 10000 pages of tags');
  });
});
