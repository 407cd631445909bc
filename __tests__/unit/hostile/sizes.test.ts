import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { RegistryEngine } from '../../../src/copy/registry/engine.ts';
import { discover } from '../../../src/list/discover.ts';
import { readGoogleList } from '../../../src/list/google.ts';
import type { RegistryClient } from '../../../src/oci/client.ts';
import { readManifest } from '../../../src/oci/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/oci/media-types.ts';
import { ManifestError, parseNamespaceManifest } from '../../../src/record/namespace-manifest.ts';
import { testApis, testClient, testRegistries } from '../../support/fixtures/clients.ts';
import { observe } from '../../support/fixtures/copying.ts';
import { digest } from '../../support/fixtures/digests.ts';
import {
  type TestImage,
  makeImage,
  makeIndex,
  makeManifest,
  pushImage,
} from '../../support/fixtures/images.ts';
import { type FakeAnswer, fakeNetwork } from '../../support/network/fake-network.ts';
import { type TestServer, startServer } from '../../support/network/http.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';

const MIB = 1024 ** 2;
const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Sends a body of a gigabyte, as far as it is read; gives the bytes that went out. */
async function sendGigabyte(response: ServerResponse): Promise<number> {
  const closed = once(response, 'close');
  const chunk = Buffer.alloc(MIB, '[{"tag":"');
  for (let sent = 0; sent < 1024; sent += 1) {
    if (response.destroyed) return sent * MIB;
    if (!response.write(chunk)) await Promise.race([once(response, 'drain'), closed]);
  }
  response.end();
  return 1024 * MIB;
}

describe('a gigabyte', () => {
  const JSON_TYPE = { 'content-type': 'application/json' };
  const asks: [what: string, most: number, ask: (client: RegistryClient) => Promise<unknown>][] = [
    ['for a list', 32, async (client) => client.listTags('a')],
    ['for a manifest', 8, async (client) => client.getManifest('a', 'v1')],
  ];

  it.each(asks)('%s is not read', async (_, most, ask) => {
    let sent: Promise<number> | undefined;
    const server = await startServer(async (__, response) => {
      response.writeHead(200, JSON_TYPE);
      sent = sendGigabyte(response);
      await sent;
    });
    servers.push(server);
    await expect(ask(testRegistries({ retries: 0 }).source(server.host))).rejects.toThrow(
      `longer than ${most} MiB, and the rest was not read`,
    );
    // What the sockets of both sides hold comes on top.
    expect(await sent).toBeLessThan((most + 16) * MIB);
  });

  it.each([
    [403, 'status 403'],
    [404, 'nothing'],
    [307, 'more than 5 redirects'],
  ])('behind a %d is not read', async (status, outcome) => {
    const sent: Promise<number>[] = [];
    const server = await startServer(async (_, response) => {
      response.writeHead(status, { ...JSON_TYPE, location: '/again' });
      sent.push(sendGigabyte(response));
      await Promise.all(sent);
    });
    servers.push(server);
    const asked = testRegistries({ retries: 0 }).source(server.host).getManifest('a', 'v1');
    expect(await asked.then((found) => (found ? 'a manifest' : 'nothing'), String)).toContain(outcome);
    for (const bytes of await Promise.all(sent)) expect(bytes).toBeLessThan(16 * MIB);
  });

  it('from a token service is not read', async () => {
    let sent: Promise<number> | undefined;
    const server: TestServer = await startServer(async ({ url }, response) => {
      if (url?.startsWith('/token') !== true) {
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${server.url}/token"` }).end();
        return;
      }
      response.writeHead(200, JSON_TYPE);
      sent = sendGigabyte(response);
      await sent;
    });
    servers.push(server);
    await expect(testClient(server.host).listTags('a')).rejects.toThrow('the rest was not read');
    expect(await sent).toBeLessThan(16 * MIB);
  });
});

describe('pages without end', () => {
  const paging = (page: (url: URL) => FakeAnswer): { client: RegistryClient; asked: () => number } => {
    const { dispatcher, requests } = fakeNetwork(({ url }) => page(url));
    return { client: testRegistries({ dispatcher }).source('r.example'), asked: () => requests.length };
  };
  const next = (link: string): Record<string, string> => ({ link: `<${link}>; rel="next"` });

  it('that link to one another end with an error', async () => {
    const { client, asked } = paging(({ searchParams }) => {
      const last = searchParams.get('last') === 'a' ? 'b' : 'a';
      return { status: 200, headers: next(`/v2/x/tags/list?last=${last}`), body: `{"tags":["${last}"]}` };
    });
    await expect(client.listTags('x')).rejects.toThrow('the pages of tags repeat');
    expect(asked()).toBeLessThan(5);
  });

  it('that never end are given up', async () => {
    const { client, asked } = paging(({ searchParams }) => {
      const last = Number(searchParams.get('last')) + 1;
      return { status: 200, headers: next(`/v2/x/tags/list?last=${last}`), body: '{"tags":["v1"]}' };
    });
    await expect(client.listTags('x')).rejects.toThrow('there are more than 10000 pages of tags');
    expect(asked()).toBe(10_000);
  });

  it('that are large are given up sooner', async () => {
    const tags = JSON.stringify({ tags: Array.from({ length: 300_000 }, () => 't') });
    const { client, asked } = paging(({ searchParams }) => {
      const last = Number(searchParams.get('last')) + 1;
      return { status: 200, headers: next(`/v2/x/tags/list?last=${last}`), body: tags };
    });
    await expect(client.listTags('x')).rejects.toThrow('there are more than 1000000 tags');
    expect(asked()).toBe(4);
  });

  it('end with an empty one', async () => {
    const { client, asked } = paging(() => ({ status: 200, headers: next('?x=1'), body: '{"tags":null}' }));
    expect(await client.listTags('x')).toEqual([]);
    expect(asked()).toBe(1);
  });
});

describe('repositories without end', () => {
  it('nested in one another end at the longest allowed name', async () => {
    const body = JSON.stringify({ child: ['deeper-and-deeper'], manifest: {} });
    const { dispatcher, requests } = fakeNetwork(() => ({ status: 200, body }));
    const client = testRegistries({ dispatcher }).source('r.example');
    const { failures } = await discover({ registry: 'r.example', path: 'ns' }, client, testApis());
    expect(failures).toHaveLength(1);
    expect(failures[0]?.reason).toContain('does not allow its name');
    expect(requests.length).toBeLessThan(20);
  });

  it('side by side are rejected before each becomes a failure', () => {
    const child = Array.from({ length: 100_001 }, (_, index) => `-${index}`);
    expect(() => readGoogleList({ json: { child } })).toThrow('more than 100000 repositories');
    expect(readGoogleList({ json: { child: child.fill('a') } })?.children).toEqual(['a']);
  });
});

describe('millions of invalid values', () => {
  const none = Array.from({ length: 3_000_000 }, () => 0);
  const layers = encode({ config: { digest: digest(1), size: 1 }, layers: none });
  const page = { json: { child: none, tags: none }, url: new URL('https://r.example'), next: undefined };
  const client = testRegistries({ dispatcher: fakeNetwork(() => ({ status: 404 })).dispatcher }).source(
    'r.example',
  );

  const reads: [what: string, read: () => Promise<unknown>, outcome: string][] = [
    ['a list of tags', async () => client.listTags('a', page), 'is not a list of tags'],
    ['a list of repositories', async () => readGoogleList(page), 'undefined'],
    ['a manifest', async () => readManifest({ mediaType: OCI_MANIFEST, bytes: layers }), 'at layers.0'],
  ];

  it.each(reads)('in %s are not checked one by one', async (_, read, outcome) => {
    const started = performance.now();
    expect(await read().then(String, String)).toContain(outcome);
    expect(performance.now() - started).toBeLessThan(1500);
  });
});

describe('deep nesting', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;

  it.each([deep, `{"tags":${deep}}`, `{"child":[],"manifest":{"x":${deep}}}`, `{"errors":${deep}}`])(
    'in an answer ends no run (%#)',
    async (body) => {
      for (const status of [200, 403]) {
        const { dispatcher } = fakeNetwork(() => ({ status, body }));
        const client = testRegistries({ dispatcher }).source('r.example');
        await expect(discover({ registry: 'r.example', path: 'ns' }, client, testApis())).rejects.toThrow(
          /r\.example.*(?:is not a list of|status 403)|No repository with tags found in r\.example/,
        );
      }
    },
  );

  it('in an image manifest is a clear error', () => {
    const bytes = Buffer.from(`{"config":${deep}}`);
    expect(refusalOf(() => readManifest({ mediaType: OCI_MANIFEST, bytes }))).toMatch(/malformed at config/);
  });

  it.each([deep, `[${deep}]`, `{"version":1,"source":"s","target":"t","images":{"a":{"v1":${deep}}}}`])(
    'in a namespace manifest is a clear error (%#)',
    (text) => {
      const expected = { path: 'p.json', source: 's', target: 't' };
      expect(() => parseNamespaceManifest(Buffer.from(text), expected)).toThrow(ManifestError);
    },
  );
});

describe('indexes', () => {
  let source: MemoryRegistry;
  let target: MemoryRegistry;

  async function copyOf(image: TestImage): Promise<string> {
    source = await startMemoryRegistry();
    target = await startMemoryRegistry();
    servers.push(source, target);
    await pushImage(source.url, 'a', ['v1'], image);
    return copy(image);
  }

  /** What the copy ended with; `done` when it went well. */
  async function copy(image: TestImage): Promise<string> {
    const registries = testRegistries({ retries: 0 });
    const [from, to] = [registries.source(source.host), registries.target(target.host)];
    const options = { streams: 2, concurrency: 2, retries: 0, sleep: async () => {}, random: () => 0.5 };
    const engine = new RegistryEngine(options);
    const task = {
      source: { client: from, repository: 'a', digest: image.digest },
      target: { client: to, repository: 'a' },
      tags: ['v1'],
      platforms: 'all' as const,
      pulls: 1,
      present: false,
    };
    try {
      await engine.copy(task, observe());
      return 'done';
    } catch (error) {
      return String(error);
    }
  }

  function nested(depth: number): TestImage {
    return depth === 0 ? makeImage({ seed: 'leaf' }) : makeIndex([nested(depth - 1)]);
  }

  it('in indexes are followed to a limited depth', async () => {
    expect(await copyOf(nested(8))).toBe('done');
    expect(await copyOf(nested(10))).toContain('indexes are nested more than 8 deep');
    expect(target.store.repositoryNames()).toEqual([]);
  });

  it('that name themselves do not match their digest', async () => {
    const claimed = digest(7);
    const entry = { mediaType: OCI_INDEX, digest: claimed, size: 1 };
    const loop = makeManifest(OCI_INDEX, { schemaVersion: 2, manifests: [entry] }, []);
    source = await startMemoryRegistry();
    target = await startMemoryRegistry();
    servers.push(source, target);
    source.store.putManifest('a', 'v1', loop.mediaType, loop.bytes);
    source.intercept = ({ url = '' }, response) => {
      if (!url.endsWith(claimed)) return false;
      response.writeHead(200, { 'content-type': loop.mediaType, 'docker-content-digest': claimed });
      response.end(loop.bytes);
      return true;
    };
    expect(await copy(loop)).toContain(`digest of the response is ${loop.digest}, not the requested one`);
    expect(source.requests.length).toBeLessThan(5);
    expect(target.store.repositoryNames()).toEqual([]);
  });
});

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return String(error);
  }
  return 'none';
}
