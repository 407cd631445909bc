import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { RegistryClient } from '../../../../src/oci/client.ts';
import { testRegistries } from '../../../support/fixtures/clients.ts';
import { digest } from '../../../support/fixtures/digests.ts';
import { makeImage } from '../../../support/fixtures/images.ts';
import type { TestServer } from '../../../support/network/http.ts';
import {
  type MemoryRegistry,
  type MemoryRegistryOptions,
  startMemoryRegistry,
} from '../../../support/registries/memory-registry.ts';
import { freePort } from '../../../support/run/process.ts';

const IMAGE = makeImage({ seed: 'faults' });
const MANIFEST = { mediaType: IMAGE.mediaType, digest: IMAGE.digest, bytes: IMAGE.bytes };
const PASSWORD = 'secret-pa55';
const servers: Pick<TestServer, 'close'>[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function registry(options: MemoryRegistryOptions = {}): Promise<MemoryRegistry> {
  const server = await startMemoryRegistry(options);
  servers.push(server);
  for (const bytes of IMAGE.blobs.values()) server.store.putBlob('ns/a', bytes);
  server.store.putManifest('ns/a', 'v1', IMAGE.mediaType, IMAGE.bytes);
  return server;
}

function client({ host }: Pick<TestServer, 'host'>, password = ''): RegistryClient {
  const credential = { username: 'u', password, providedBy: 'the test' };
  return testRegistries({
    retries: 5,
    credentials: async () => (password === '' ? undefined : credential),
  }).source(host);
}

type Fault = (response: ServerResponse, request: IncomingMessage) => void;

/** Lets `fault` happen to the first `times` requests, and counts all. */
function failing(server: MemoryRegistry, times: number, fault: Fault): { asked: number } {
  const counter = { asked: 0 };
  server.intercept = (request, response) => {
    counter.asked += 1;
    if (counter.asked > times) return false;
    fault(response, request);
    return true;
  };
  return counter;
}

const page: Fault = (response) => {
  response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please sign in</html>');
};

describe('an answer that is not HTTP', () => {
  it.each([
    ['at all', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['to its end', 'HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"t'],
  ])('%s is retried', async (_, garbage) => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      const good = 'HTTP/1.1 200 OK\r\ncontent-length: 14\r\nconnection: close\r\n\r\n{"tags":["a"]}';
      socket.on('error', () => undefined).once('data', () => socket.end(connections === 1 ? garbage : good));
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    servers.push({ close: async () => void server.close() });
    expect(await client({ host: `127.0.0.1:${port}` }).listTags('ns/a')).toEqual(['a']);
    expect(connections).toBe(2);
  });
});

describe('a web page instead of an answer', () => {
  const asks: [what: string, ask: (mine: RegistryClient) => Promise<unknown>][] = [
    ['a list', async (mine) => mine.listTags('ns/a')],
    ['a manifest', async (mine) => mine.getManifest('ns/a', IMAGE.digest)],
    ['a head', async (mine) => mine.headManifest('ns/a', 'v1')],
  ];

  it.each(asks)('instead of %s is retried', async (_, ask) => {
    const server = await registry();
    const expected = await ask(client(server));
    const counter = failing(server, 2, page);
    expect(await ask(client(server))).toEqual(expected);
    expect(counter.asked).toBeGreaterThan(2);
  });

  it.each(asks)('instead of %s is retried less often than a server error', async (_, ask) => {
    const server = await registry();
    const counter = failing(server, Number.POSITIVE_INFINITY, page);
    await expect(ask(client(server))).rejects.toThrow(/not JSON|not a manifest/);
    // A head that tells nothing is followed by a GET, which is asked for four times.
    expect(counter.asked).toBeLessThanOrEqual(5);
  });

  it('instead of a token is retried', async () => {
    const server = await registry({ auth: { kind: 'token' } });
    let pages = 0;
    server.intercept = (request, response) => {
      if (!request.url?.startsWith('/token') || pages === 2) return false;
      pages += 1;
      page(response, request);
      return true;
    };
    expect(await client(server).listTags('ns/a')).toEqual(['v1']);
    expect(pages).toBe(2);
  });
});

describe('a redirect', () => {
  it('to a closed port is retried from the start', async () => {
    const server = await registry();
    const closedPort = `http://127.0.0.1:${await freePort()}/`;
    failing(server, 2, (response) => response.writeHead(307, { location: closedPort }).end());
    expect(await client(server).listTags('ns/a')).toEqual(['v1']);
  });

  it('in a circle is retried', async () => {
    const server = await registry();
    failing(server, 6, (response, { url }) => response.writeHead(302, { location: url }).end());
    expect(await client(server).listTags('ns/a')).toEqual(['v1']);
  });

  it('in answer to a push is retried', async () => {
    const server = await registry();
    failing(server, 2, (response) => response.writeHead(302, { location: '/sign-in' }).end());
    await client(server).putManifest('ns/a', 'v2', MANIFEST);
    expect(server.store.manifest('ns/a', 'v2')?.digest).toBe(IMAGE.digest);
  });
});

describe('a 401 in the middle of a run', () => {
  const challenges: [string, Record<string, string>][] = [
    ['without a challenge', {}],
    ['with another scheme', { 'www-authenticate': 'Basic realm="elsewhere"' }],
    [
      'with another token service',
      { 'www-authenticate': 'Bearer realm="http://127.0.0.1:1/token",service="x"' },
    ],
  ];
  const registries: [string, MemoryRegistryOptions, string][] = [
    ['without accounts', {}, ''],
    ['with Basic', { auth: { kind: 'basic', username: 'u', password: PASSWORD } }, PASSWORD],
    ['with tokens', { auth: { kind: 'token', username: 'u', password: PASSWORD } }, PASSWORD],
    ['with anonymous tokens', { auth: { kind: 'token' } }, ''],
  ];

  it.each(
    registries.flatMap(([kind, options, password]) =>
      challenges.map(([how, headers]) => [kind, how, options, password, headers] as const),
    ),
  )('of a registry %s, %s, is retried', async (_, __, options, password, headers) => {
    const server = await registry(options);
    const mine = client(server, password);
    await mine.listTags('ns/a');
    failing(server, 2, (response) => response.writeHead(401, headers).end('who are you?'));
    expect(await mine.listTags('ns/a')).toEqual(['v1']);
    expect(await mine.listTags('ns/a')).toEqual(['v1']);
  });

  it('does not hide a wrong password', async () => {
    const server = await registry({ auth: { kind: 'basic', username: 'u', password: 'another' } });
    await expect(client(server, PASSWORD).listTags('ns/a')).rejects.toThrow(
      /status 401.*refused the credentials/,
    );
    expect(server.requests).toHaveLength(2);
  });

  it('does not hide that a token lacks a scope', async () => {
    const server = await registry({ auth: { kind: 'token' } });
    const mine = client(server);
    await mine.listTags('ns/a');
    server.requests.length = 0;
    await expect(mine.putManifest('ns/a', 'v2', MANIFEST)).rejects.toThrow(/status 401/);
    expect(server.requests.filter(({ method }) => method === 'PUT')).toHaveLength(2);
  });

  it("renews the token of an upload, although its body can't be sent twice", async () => {
    const server = await registry({ auth: { kind: 'token', username: 'u', password: PASSWORD } });
    const mine = client(server, PASSWORD);
    const scopes = ['repository:ns/a:pull,push'];
    const upload = {
      method: 'PUT',
      url: '/v2/ns/a/blobs/uploads/x',
      scopes,
      expect: [201],
      repeatable: false,
    } as const;
    const seen: (string | undefined)[] = [];
    server.intercept = ({ method, headers }, response) => {
      if (method !== 'PUT' || headers.authorization === undefined) return false;
      seen.push(headers.authorization);
      response
        .writeHead(401, { 'www-authenticate': `Bearer realm="${server.url}/token",service="test"` })
        .end();
      return true;
    };
    await mine.headManifest('ns/a', 'v1');
    for (const _ of [1, 2])
      await expect(mine.transport.send(upload, async ({ body }) => body.dump())).rejects.toThrow(/401/);
    expect(new Set(seen).size).toBe(2);
  });
});

describe('a manifest that is corrupted on the way', () => {
  const spoilt = (response: ServerResponse): ServerResponse =>
    response
      .writeHead(200, { 'content-type': IMAGE.mediaType, 'docker-content-digest': IMAGE.digest })
      .end(Buffer.from(IMAGE.bytes).fill(32, 100, 110));

  it.each(['v1', IMAGE.digest])('is requested again: %s', async (reference) => {
    const server = await registry();
    failing(server, 1, spoilt);
    expect((await client(server).getManifest('ns/a', reference))?.digest).toBe(IMAGE.digest);
  });

  it('again and again is an error', async () => {
    const server = await registry();
    server.intercept = ({ url }, response) => {
      if (url?.endsWith('/v1') !== true) return false;
      spoilt(response);
      return true;
    };
    await expect(client(server).getManifest('ns/a', 'v1')).rejects.toThrow(/the registry reports sha256:/);
  });

  it('differs from a registry that reports a wrong digest', async () => {
    const server = await registry();
    server.intercept = ({ url }, response) => {
      if (url?.endsWith('/v1') !== true) return false;
      const headers = { 'content-type': IMAGE.mediaType, 'docker-content-digest': digest(1) };
      response.writeHead(200, headers).end(IMAGE.bytes);
      return true;
    };
    expect((await client(server).getManifest('ns/a', 'v1'))?.digest).toBe(IMAGE.digest);
  });
});
