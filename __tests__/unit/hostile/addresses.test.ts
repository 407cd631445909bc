import { afterEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../../src/oci/auth/credentials.ts';
import { downloadBlob } from '../../../src/oci/blob-download.ts';
import { startUpload, uploadWhole } from '../../../src/oci/blob-upload.ts';
import type { RegistryClient } from '../../../src/oci/client.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { testRegistries } from '../../support/fixtures/clients.ts';
import { type FakeAnswer, type FakeNetwork, fakeNetwork } from '../../support/network/fake-network.ts';
import { type TestServer, startServer } from '../../support/network/http.ts';

const LOGIN: Credential = { username: 'user', password: 'pa55', providedBy: 'the test' };
const BASIC = `Basic ${Buffer.from('user:pa55').toString('base64')}`;
const BLOB = Buffer.from('{"blob": true}');
const DESCRIPTOR = { digest: digestOf(BLOB), size: BLOB.length };

/** Another host that everybody can reach: where registries keep their blobs. */
const ELSEWHERE = 'https://storage.example/bucket';
/** Where no registry of the public Internet has anything for its clients. */
const INSIDE = [
  'https://127.0.0.1/x',
  'https://localhost:8443/x',
  'https://localhost./x',
  'https://[::1]/x',
  'https://[::ffff:127.0.0.1]/x',
  'https://0x7f.1/x',
  'https://10.0.0.1/x',
  'https://192.168.1.1/x',
  'https://169.254.169.254/latest/meta-data',
  'https://[fe80::1]/x',
  'https://[fd00::1]/x',
  'https://[64:ff9b::169.254.169.254]/x',
  'https://metadata.google.internal/computeMetadata/v1/',
  'https://kubernetes.default.svc/api',
  'https://vault/v1/secret',
];
/** Other places that an answer must not lead to. */
const NOWHERE = ['http://storage.example/x', 'file:///etc/passwd', 'ftp://r.example/x'];

/** The four requests whose answers can lead elsewhere. */
const WAYS: Record<string, (client: RegistryClient) => Promise<unknown>> = {
  'the Location of a manifest': async (client) => client.getManifest('a', 'v1'),
  'the Location of a list': async (client) => client.getList('/v2/a/tags/list', ['repository:a:pull']),
  'the Location of a blob': async (client) => Array.fromAsync(downloadBlob(client, 'a', DESCRIPTOR)),
  'the Location of an upload': async (client) => {
    const start = await startUpload(client, 'a', DESCRIPTOR.digest, 'a');
    if (start.kind !== 'session') throw new Error('mounted');
    return uploadWhole(client, 'a', DESCRIPTOR.digest, start.location, { size: BLOB.length, content: BLOB });
  },
};

/** `https://r.example`, which asks for Basic, and then leads to `location`; all other hosts have the blob. */
function leadingTo(location: string): FakeNetwork {
  return fakeNetwork(({ method, url, authorization }): FakeAnswer => {
    if (url.origin !== 'https://r.example') {
      const isUpload = method === 'PUT';
      return { status: isUpload ? 201 : 200, body: isUpload ? '' : BLOB };
    }
    if (authorization !== BASIC) return { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };
    return { status: method === 'POST' ? 202 : 307, headers: { location } };
  });
}

function client(dispatcher: FakeNetwork['dispatcher'], registry = 'r.example'): RegistryClient {
  return testRegistries({ dispatcher, credentials: async () => LOGIN, retries: 0 }).source(registry);
}

describe.each(Object.entries(WAYS))('%s', (_, ask) => {
  it.each([...INSIDE, ...NOWHERE])('is not followed to %s', async (location) => {
    const { dispatcher, requests } = leadingTo(location);
    await expect(ask(client(dispatcher))).rejects.toThrow('which is refused: not followed');
    expect(new Set(requests.map(({ url }) => url.origin))).toEqual(new Set(['https://r.example']));
  });

  it('takes no credential to another host', async () => {
    const { dispatcher, requests } = leadingTo(`${ELSEWHERE}?signature=x`);
    await ask(client(dispatcher));
    const elsewhere = requests.filter(({ url }) => url.host === 'storage.example');
    expect(elsewhere).toHaveLength(1);
    expect(elsewhere[0]?.authorization).toBeUndefined();
  });

  it('is not followed from host to host for ever', async () => {
    const { dispatcher, requests } = fakeNetwork(({ url }) => ({
      status: 307,
      headers: { location: `https://${url.host.length}.example/x` },
    }));
    await expect(ask(client(dispatcher))).rejects.toThrow(/more than 5 redirects|status 307/);
    expect(requests.length).toBeLessThan(10);
  });
});

describe('Link', () => {
  /** A list whose every page links to `next`. */
  const linkingTo = (next: string): FakeNetwork =>
    fakeNetwork(() => ({
      status: 200,
      headers: { link: `<${next}>; rel="next"` },
      body: '{"tags":["v1"]}',
    }));

  it.each([
    ...INSIDE,
    'http://r.example/v2/',
    'http://storage.example/x',
    ELSEWHERE,
    '//storage.example/x',
    'https://r.example@evil.example/x',
  ])('to %s leads to no other host', async (next) => {
    const { dispatcher, requests } = linkingTo(next);
    await expect(client(dispatcher).listTags('a')).rejects.toThrow('the pages of tags repeat');
    expect(new Set(requests.map(({ url }) => url.origin))).toEqual(new Set(['https://r.example']));
  });

  it.each(['file:///etc/passwd', 'ftp://r.example/x', 'javascript:0'])('to %s is none', async (next) => {
    const { dispatcher, requests } = linkingTo(next);
    expect(await client(dispatcher).listTags('a')).toEqual(['v1']);
    expect(requests).toHaveLength(1);
  });
});

describe('the realm', () => {
  const asking = (realm: string): FakeNetwork =>
    fakeNetwork(({ url, authorization }) => {
      if (url.pathname.endsWith('/token')) return { status: 200, body: '{"token":"t1"}' };
      if (authorization === 'Bearer t1') return { status: 200, body: '{"tags":["v1"]}' };
      return { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="s"` } };
    });

  it.each([...INSIDE, 'http://r.example/token'])('at %s is asked nothing', async (realm) => {
    const { dispatcher, requests } = asking(realm);
    await expect(client(dispatcher).listTags('a')).rejects.toThrow('nothing was sent there');
    expect(requests).toHaveLength(1);
  });

  it.each(['auth.r.example', 'tokens.other.example'])(
    'at %s gets the credential, which the registry then does not',
    async (host) => {
      const { dispatcher, requests } = asking(`https://${host}/token`);
      expect(await client(dispatcher).listTags('a')).toEqual(['v1']);
      expect(requests.map(({ url, authorization }) => [url.host, authorization])).toEqual([
        ['r.example', undefined],
        [host, BASIC],
        ['r.example', 'Bearer t1'],
      ]);
    },
  );

  const redirecting = (location: string): FakeNetwork =>
    fakeNetwork(({ url, authorization }) => {
      if (url.href.startsWith(location)) return { status: 200, body: '{"token":"t1"}' };
      if (url.pathname === '/token') return { status: 307, headers: { location } };
      if (authorization === 'Bearer t1') return { status: 200, body: '{"tags":["v1"]}' };
      return { status: 401, headers: { 'www-authenticate': 'Bearer realm="https://r.example/token"' } };
    });

  it('that redirects to another host takes no credential there', async () => {
    const { dispatcher, requests } = redirecting('https://evil.example/other');
    expect(await client(dispatcher).listTags('a')).toEqual(['v1']);
    expect(requests.map(({ url, authorization }) => [url.host, authorization])).toEqual([
      ['r.example', undefined],
      ['r.example', BASIC],
      ['evil.example', undefined],
      ['r.example', 'Bearer t1'],
    ]);
  });

  it('that redirects on its own host is sent the credential there', async () => {
    const { dispatcher, requests } = redirecting('https://r.example/other');
    expect(await client(dispatcher).listTags('a')).toEqual(['v1']);
    expect(requests.map(({ url, authorization }) => [url.pathname, authorization])).toContainEqual([
      '/other',
      BASIC,
    ]);
  });

  it.each([...INSIDE, 'http://evil.example/other'])(
    'that redirects to %s is not followed',
    async (location) => {
      const { dispatcher, requests } = redirecting(location);
      await expect(client(dispatcher).listTags('a')).rejects.toThrow('which is refused: not followed');
      expect(requests.map(({ url }) => url.host)).toEqual(['r.example', 'r.example']);
    },
  );
});

describe('between addresses of this machine', () => {
  const servers: TestServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  it.each(Object.entries(WAYS))('%s takes no credential to another port', async (_, ask) => {
    const seen: (string | undefined)[] = [];
    const other = await startServer(async (request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(request.method === 'PUT' ? 201 : 200).end(request.method === 'PUT' ? '' : BLOB);
    });
    const registry = await startServer(async ({ headers, method }, response) => {
      if (headers.authorization !== BASIC) response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
      else response.writeHead(method === 'POST' ? 202 : 307, { location: `${other.url}/signed` }).end();
    });
    servers.push(other, registry);
    const registries = testRegistries({ credentials: async () => LOGIN });
    await ask(registries.source(registry.host));
    expect(seen).toEqual([undefined]);
  });
});
