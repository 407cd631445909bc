import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Listing, ListedTag } from '../../../src/mirror/listing.ts';
import { discover } from '../../../src/list/discover.ts';
import { testApis, testRegistries } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { type TestServer, sendJson, startServer } from '../../support/network/http.ts';
import { googleTags } from '../../support/registries/google-tags.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** How a registry of Google's kind cuts its lists. */
interface Cut {
  readonly size: number;
  /** Whether a `Link` names the next page. */
  readonly links?: boolean;
  /** Whether the query `last` is honoured. */
  readonly last?: boolean;
  /** Status of all pages but the first. */
  readonly laterStatus?: number;
}

/** Lists the repository `p/r` of `count` tags, as a registry that cuts lists returns it. */
async function list(count: number, cut: Cut): Promise<{ listing: Listing<ListedTag>; requests: string[] }> {
  const tags = Array.from({ length: count }, (_, index) => `v${String(index).padStart(5, '0')}`);
  const requests: string[] = [];
  const server = await startServer(async ({ url = '' }, response) => {
    requests.push(url);
    answer(url, response);
  });
  servers.push(server);
  function answer(url: string, response: ServerResponse): void {
    const { searchParams } = new URL(url, server.url);
    const after = searchParams.get('token') ?? (cut.last === true ? searchParams.get('last') : null) ?? '';
    if (after !== '' && cut.laterStatus !== undefined) return sendJson(response, cut.laterStatus, {});
    const rest = tags.filter((tag) => tag > after);
    const page = rest.slice(0, cut.size);
    const manifests = page.map((tag, index) => ({
      digest: digest(index + 1),
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      size: 1,
      tags: [tag],
    }));
    const link = `</v2/p/r/tags/list?token=${page.at(-1)}>; rel="next"`;
    const headers = cut.links === true && rest.length > cut.size ? { link } : undefined;
    sendJson(response, 200, googleTags('p/r', [], manifests), headers);
  }
  const client = testRegistries({ retries: 0 }).source(server.host);
  const listing = await discover({ registry: server.host, path: 'p/r' }, client, testApis());
  return { listing, requests };
}

function countTags({ images }: Listing<ListedTag>): number | undefined {
  return images.get('r')?.tags.size;
}

describe("a list in Google's form", () => {
  it('is one request when its length is not a page size', async () => {
    const { listing, requests } = await list(998, { size: 10_000 });
    expect(countTags(listing)).toBe(998);
    expect(requests).toHaveLength(1);
  });

  it('is read to its last page when a Link names the next one', async () => {
    const { listing, requests } = await list(250, { size: 100, links: true });
    expect(countTags(listing)).toBe(250);
    expect(listing.failures).toEqual([]);
    expect(requests).toHaveLength(3);
  });

  it('is completed without a Link when the registry continues after the last tag', async () => {
    const { listing } = await list(2500, { size: 1000, last: true });
    expect(countTags(listing)).toBe(2500);
    expect(listing.failures).toEqual([]);
  });

  it('is complete when a check of its length finds no more tags', async () => {
    const { listing, requests } = await list(100, { size: 10_000 });
    expect(countTags(listing)).toBe(100);
    expect(listing.failures).toEqual([]);
    expect(requests).toHaveLength(2);
  });

  it('is reported when it is cut and the registry lists no more', async () => {
    const { listing } = await list(1500, { size: 1000 });
    expect(countTags(listing)).toBe(1000);
    expect(listing.failures).toMatchObject([
      { image: 'r', reason: expect.stringContaining('exactly 1,000 tags and no further page') },
    ]);
  });

  it.each([404, 405])('fails when a later page answers %d: the repository exists', async (laterStatus) => {
    const listing = list(250, { size: 100, links: true, laterStatus });
    await expect(listing).rejects.toThrow(`it can't be read: status ${laterStatus}`);
  });
});
