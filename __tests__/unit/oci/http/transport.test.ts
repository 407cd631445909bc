import { createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { downloadBlob } from '../../../../src/oci/blob-download.ts';
import { uploadWhole } from '../../../../src/oci/blob-upload.ts';
import type { RegistryClient } from '../../../../src/oci/client.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { type DispatcherOptions, createDispatcher } from '../../../../src/oci/http/dispatcher.ts';
import type { Logger } from '../../../../src/oci/logger.ts';
import { Registries } from '../../../../src/oci/registries.ts';
import { testRegistries } from '../../../support/fixtures/clients.ts';
import { seededBytes } from '../../../support/fixtures/images.ts';
import { silentLogger } from '../../../support/fixtures/silent-logger.ts';
import { type TestServer, startServer } from '../../../support/network/http.ts';
import { type ForwardProxy, startForwardProxy } from '../../../support/network/proxy.ts';
import { freePort } from '../../../support/run/process.ts';

const servers: { close: () => Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function client(
  { host }: TestServer,
  options: Partial<DispatcherOptions>,
  retries = 0,
  logger: Logger = silentLogger,
): RegistryClient {
  const anonymous = async (): Promise<undefined> => undefined;
  return new Registries({
    dispatcher: createDispatcher({ timeout: 5000, connections: 10, proxy: {}, ...options }),
    concurrency: 10,
    retries,
    insecure: new Set(),
    credentials: { source: anonymous, target: anonymous },
    sleep: async () => {},
    clock: Date.now,
    random: () => 0.5,
    mask: () => {},
    logger,
  }).source(host);
}

const BLOB = seededBytes(100_000, 'timeouts');
const DESCRIPTOR = { digest: digestOf(BLOB), size: BLOB.length };

/** Sends the blob in ten parts, `gap` milliseconds apart, or stands still after `parts` of them. */
async function dripping(gap: number, parts: () => number): Promise<TestServer> {
  const server = await startServer(async ({ headers }, response) => {
    const from = Number(/\d+/.exec(headers.range ?? '0')?.[0]);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': BLOB.length - from });
    const most = parts();
    for (let part = 0; part < most && from + part * 10_000 < BLOB.length && !response.destroyed; part += 1) {
      response.write(BLOB.subarray(from + part * 10_000, from + (part + 1) * 10_000));
      await new Promise((resolve) => setTimeout(resolve, gap));
    }
    if (most >= 10) response.end();
  });
  servers.push(server);
  return server;
}

describe('timeouts', () => {
  it('do not end a long body that makes progress', async () => {
    const server = await dripping(150, () => 10);
    // undici looks at its timers about once a second.
    const chunks = await Array.fromAsync(downloadBlob(client(server, { timeout: 1200 }), 'a', DESCRIPTOR));
    expect(Buffer.concat(chunks).equals(BLOB)).toBe(true);
  });

  it('end a body without progress, and the download is resumed', async () => {
    let asked = 0;
    const server = await dripping(1, () => ((asked += 1) === 1 ? 5 : 10));
    const chunks = await Array.fromAsync(downloadBlob(client(server, { timeout: 300 }), 'a', DESCRIPTOR));
    expect(Buffer.concat(chunks).equals(BLOB)).toBe(true);
    expect(asked).toBe(2);
  });

  it('end a request without a response', async () => {
    const server = await startServer(async () => {});
    servers.push(server);
    await expect(client(server, { timeout: 300 }).getManifest('a', 'v1')).rejects.toThrow(
      /UND_ERR_HEADERS_TIMEOUT/,
    );
  });
});

describe('a proxy', () => {
  async function startProxy(password?: string): Promise<ForwardProxy> {
    const proxy = await startForwardProxy(password);
    servers.push(proxy);
    return proxy;
  }

  it.each([undefined, 'pr0xy-pa55'])(
    'with the password %s forwards requests to hosts that are not in NO_PROXY',
    async (password) => {
      const proxy = await startProxy(password);
      const server = await startServer(async (_, response) => void response.end(BLOB));
      servers.push(server);
      const options = { http: proxy.url, https: proxy.url };
      await Array.fromAsync(downloadBlob(client(server, { proxy: options }), 'a', DESCRIPTOR));
      expect(proxy.passed).toEqual([server.host]);
      await Array.fromAsync(
        downloadBlob(client(server, { proxy: { ...options, none: '10.0.0.1,127.0.0.1' } }), 'a', DESCRIPTOR),
      );
      expect(proxy.passed).toEqual([server.host]);
    },
  );

  it('is named without its password when it refuses', async () => {
    const proxy = await startProxy('right-pa55');
    const server = await startServer(async (_, response) => void response.end(BLOB));
    servers.push(server);
    const wrong = proxy.url.replace('right-pa55', 'wrong-pa55');
    const failure = client(server, { proxy: { http: wrong, https: wrong } }).getManifest('a', 'v1');
    await expect(failure).rejects.toThrow(/Proxy/i);
    await expect(failure).rejects.not.toThrow(/wrong-pa55/);
  });
});

describe('the log', () => {
  it('names each retry and, for debugging, each request with its status and time, without its query', async () => {
    const lines: string[] = [];
    let requests = 0;
    const server = await startServer(async (_, response) => {
      requests += 1;
      if (requests === 1) response.writeHead(503).end();
      else
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"name": "a", "tags": ["v1"]}');
    });
    servers.push(server);
    const note = (line: string | (() => string)): void =>
      void lines.push(typeof line === 'string' ? line : line());
    const logger = { ...silentLogger, debug: note, info: note };
    const { transport } = client(server, {}, 2, logger);
    await transport.send(
      { method: 'GET', url: '/v2/a/tags/list?n=1&secret=x', scopes: [], expect: [200] },
      async (response) => response.body.dump(),
    );
    const url = `${server.url}/v2/a/tags/list`;
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^GET ${url}\\S*: 503 in \\d+ ms$`)),
      expect.stringMatching(/status 503.*retry 1 of 2 in 1 s$/),
      expect.stringMatching(new RegExp(`^GET ${url}\\S*: 200 in \\d+ ms$`)),
    ]);
    expect(lines.join('\n')).not.toContain('secret=x');
  });
});

describe('the place of a download at the limiter', () => {
  /** A registry that answers an upload before it has read all of it, and then breaks the connection. */
  async function refusing(): Promise<string> {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 413 Too Large\r\nconnection: close\r\n\r\ntoo large');
        setTimeout(() => socket.resetAndDestroy(), 100);
      });
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    servers.push({ close: async () => server.close() });
    return `127.0.0.1:${port}`;
  }

  it('is free after its upload was refused and its connection reset', async () => {
    const layer = seededBytes(20_000_000, 'refused');
    const descriptor = { digest: digestOf(layer), size: layer.length };
    const server = await startServer(async ({ method }, response) => {
      response.writeHead(200, { 'content-length': layer.length }).end(method === 'HEAD' ? undefined : layer);
    });
    servers.push(server);
    const registries = testRegistries({ concurrency: 1, retries: 0 });
    const source = registries.source(server.host);
    const target = registries.target(await refusing());
    const ended = new AbortController();
    const content = downloadBlob(source, 'a', descriptor, ended.signal);
    const session = target.transport.urlOf('/v2/a/blobs/uploads/1');
    const body = { size: layer.length, content };
    await expect(uploadWhole(target, 'a', descriptor.digest, session, body)).rejects.toThrow('status 413');
    ended.abort();
    expect(await source.hasBlob('a', descriptor.digest)).toBe(true);
  }, 5000);
});
