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
  it('reads on to the last page', async () => {
    const tags = await listTags((number) => ({
      tags: [`v${number}`],
      ...(number < 3 && { next: number + 1 }),
    }));
    expect(tags).toEqual(['v0', 'v1', 'v2', 'v3']);
  });

  it('takes a page of hundreds of thousands', async () => {
    const tags = Array.from({ length: 300_000 }, (_, index) => `v${index}`);
    expect(await listTags(() => ({ tags }))).toHaveLength(300_000);
  });

  it('ends where pages go round in a circle', async () => {
    const circle = listTags((number) => ({ tags: ['v'], next: number === 2 ? 1 : number + 1 }));
    await expect(circle).rejects.toThrow(/\/v2\/a\/tags\/list: the pages of tags repeat/);
  });

  it('ends where entries find no end', async () => {
    const tags = Array.from({ length: 400_000 }, () => 'v');
    const endless = listTags((number) => ({ tags, next: number + 1 }));
    await expect(endless).rejects.toThrow('there are more than 1000000 tags');
  });

  it('ends where pages find no end', async () => {
    const endless = listTags((number) => ({ tags: ['v'], next: number + 1 }));
    await expect(endless).rejects.toThrow('there are more than 10000 pages of tags');
  });
});
