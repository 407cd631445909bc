import dns from 'node:dns';
import { createServer } from 'node:net';
import tls from 'node:tls';
import { RequestError } from 'octokit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGitHubClient } from '../../../../src/github/client.ts';
import { describeAnswer } from '../../../../src/github/errors.ts';
import { classifyFailure } from '../../../../src/github/request-failure.ts';
import type { RegistryClient } from '../../../../src/oci/client.ts';
import { type DispatcherOptions, createDispatcher } from '../../../../src/oci/http/dispatcher.ts';
import { Registries } from '../../../../src/oci/registries.ts';
import { makeImage } from '../../../support/fixtures/images.ts';
import { silentLogger } from '../../../support/fixtures/silent-logger.ts';
import { sendJson, startServer } from '../../../support/network/http.ts';
import { type ForwardProxy, startForwardProxy } from '../../../support/network/proxy.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/registries/memory-registry.ts';
import { makeCertificate } from '../../../support/registries/token-server.ts';
import { freePort } from '../../../support/run/process.ts';

const PASSWORD = 'pr0xy-pa55/@%41';
const IMAGE = makeImage({ seed: 'proxied' });
const certificate = await makeCertificate('registry.test', 'sub.registry.test');
const trusted = tls.getCACertificates('default');

/** The same images: over TLS, through which proxies make tunnels, and in the clear, which they ask for themselves. */
let secure: MemoryRegistry;
let plain: MemoryRegistry;
let proxy: ForwardProxy;
const servers: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  tls.setDefaultCACertificates([...trusted, certificate.cert]);
  secure = await startMemoryRegistry({ tls: certificate });
  plain = await startMemoryRegistry();
  for (const { store } of [secure, plain]) {
    for (const bytes of IMAGE.blobs.values()) store.putBlob('ns/a', bytes);
    store.putManifest('ns/a', 'v1', IMAGE.mediaType, IMAGE.bytes);
  }
});
afterAll(async () => {
  tls.setDefaultCACertificates(trusted);
  certificate.remove();
  await Promise.all([secure.close(), plain.close()]);
});
beforeEach(async () => {
  proxy = await startForwardProxy(PASSWORD);
  servers.push(proxy);
  // All names lead to loopback, for who looks them up himself.
  const { lookup } = dns;
  const toLoopback = (_: string, ...rest: unknown[]): unknown =>
    Reflect.apply(lookup, dns, ['127.0.0.1', ...rest]);
  vi.spyOn(dns, 'lookup').mockImplementation(toLoopback);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** `registry.test:<port>` */
const named = (host: string, name = 'registry.test'): string => host.replace('127.0.0.1', name);

/** With the password as an URL has it. */
const right = (host = proxy.host): string => `http://user:${encodeURIComponent(PASSWORD)}@${host}`;

let waits = 0;

function client(
  host: string,
  options: DispatcherOptions['proxy'],
  timeout = 5000,
  retries = 2,
): RegistryClient {
  const anonymous = async (): Promise<undefined> => undefined;
  return new Registries({
    dispatcher: createDispatcher({ timeout, connections: 10, proxy: options }),
    concurrency: 10,
    retries,
    insecure: new Set([plain.host, named(plain.host)]),
    credentials: { source: anonymous, target: anonymous },
    sleep: async () => void (waits += 1),
    clock: Date.now,
    random: () => 0.5,
    mask: () => {},
    logger: silentLogger,
  }).source(host);
}

async function digestAt(host: string, options: DispatcherOptions['proxy']): Promise<string | undefined> {
  return (await client(host, options).getManifest('ns/a', 'v1'))?.digest;
}

describe('a proxy', () => {
  it.each(['secure', 'plain'] as const)('with a password forwards %s requests', async (kind) => {
    const host = named((kind === 'secure' ? secure : plain).host);
    expect(await digestAt(host, { http: right(), https: right() })).toBe(IMAGE.digest);
    expect(proxy.passed).toEqual([host]);
  });

  it('without a password forwards both', async () => {
    const open = await startForwardProxy();
    servers.push(open);
    for (const host of [named(secure.host), named(plain.host)])
      expect(await digestAt(host, { http: open.url, https: open.url })).toBe(IMAGE.digest);
    expect(open.passed).toEqual([named(secure.host), named(plain.host)]);
  });

  it.each([
    ['http', 'plain', 'secure'],
    ['https', 'secure', 'plain'],
  ] as const)('that is named for %s alone is asked for nothing else', async (scheme, through, past) => {
    const registries = { secure, plain };
    const options = { [scheme]: right() };
    expect(await digestAt(named(registries[past].host), options)).toBe(IMAGE.digest);
    expect(proxy.passed).toEqual([]);
    expect(await digestAt(named(registries[through].host), options)).toBe(IMAGE.digest);
    expect(proxy.passed).toHaveLength(1);
  });

  it.each([
    ['registry.test', true],
    ['other.test, REGISTRY.test', true],
    ['other.test registry.test', true],
    ['.test', true],
    ['test', true],
    ['*.test', true],
    ['*', true],
    ['registry.test:PORT', true],
    ['', false],
    ['registry.test:1', false],
    ['sub.registry.test', false],
    ['egistry.test', false],
    ['*.registry.test', false],
    ['127.0.0.1', false],
  ])('is bypassed for hosts in NO_PROXY: %j, %j', async (none, direct) => {
    for (const { host } of [secure, plain]) {
      const options = { http: right(), https: right(), none: none.replace('PORT', host.split(':')[1] ?? '') };
      expect(await digestAt(named(host), options)).toBe(IMAGE.digest);
    }
    expect(proxy.passed).toHaveLength(direct ? 0 : 2);
  });
});

describe('a proxy that fails', () => {
  const kinds = ['secure', 'plain'] as const;

  /** What a request to that registry fails with; a proxy is asked once, unless another try may help. */
  async function failure(kind: (typeof kinds)[number], url: string): Promise<string> {
    waits = 0;
    const host = named((kind === 'secure' ? secure : plain).host);
    const asked = client(host, { http: url, https: url }).getManifest('ns/a', 'v1');
    return asked.then(
      () => 'it was passed on',
      (error: unknown) => String(error),
    );
  }

  it.each(kinds)('refuses a wrong password: %s', async (kind) => {
    const message = await failure(kind, `http://user:wr0ng-pa55@${proxy.host}`);
    expect(message).toContain(
      `/v2/ns/a/manifests/v1: The proxy ${proxy.host} refuses its user name and password`,
    );
    expect(message).toContain('the input "proxy", or HTTPS_PROXY and HTTP_PROXY');
    expect(message).not.toMatch(/wr0ng|user:/);
    expect([proxy.refused(), waits]).toEqual([1, 0]);
  });

  it.each(kinds)('requires a password: %s', async (kind) => {
    const message = await failure(kind, `http://${proxy.host}`);
    expect(message).toContain(`The proxy ${proxy.host} requires a user name and a password`);
    expect([proxy.refused(), waits]).toEqual([1, 0]);
  });

  it.each(kinds)("can't be reached: %s", async (kind) => {
    const host = `127.0.0.1:${await freePort()}`;
    const message = await failure(kind, right(host));
    expect(message).toContain(
      `The proxy ${host} can't be reached (connect ECONNREFUSED ${host}): check the input "proxy"`,
    );
    expect(message).not.toContain('pr0xy');
    expect(waits).toBe(2);
  });

  it('does not reach the registry, and is retried', async () => {
    for (const { host } of [secure, plain]) proxy.routes.set(named(host), await freePort());
    expect(await failure('secure', right())).toContain(
      `The proxy ${proxy.host} does not let the connection through (status 502)`,
    );
    expect([proxy.passed.length, waits]).toEqual([3, 2]);
    expect(await failure('plain', right())).toContain('status 502');
  });

  it.each(kinds)('does not answer within the timeout of a registry: %s', async (kind) => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
    const host = named((kind === 'secure' ? secure : plain).host);
    const asked = client(host, { http: url, https: url }, 300, 0).getManifest('ns/a', 'v1');
    await expect(asked).rejects.toThrow(/TIMEOUT/);
    silent.close();
  });
});

describe("GitHub's API", () => {
  /** @param options for the request; left out, it is tried again as a run does */
  async function read(url: string, options: { readonly retries?: number } = {}): Promise<unknown> {
    const api = await startServer(async (_, response) => sendJson(response, 200, { login: 'octo' }));
    servers.push(api);
    const dispatcher = createDispatcher({ timeout: 5000, connections: 10, proxy: { http: url } });
    const octokit = createGitHubClient({
      token: 't',
      apiUrl: `http://${named(api.host, 'api.test')}`,
      dispatcher,
      logger: silentLogger,
    });
    return octokit.request('GET /user', { request: options }).then(
      ({ data }) => data.login,
      (error: unknown) => {
        if (!(error instanceof RequestError)) return describeAnswer(error);
        const failure = classifyFailure(error, 'octo/meta');
        return failure.kind === 'refused' ? failure.error.message : describeAnswer(error);
      },
    );
  }

  it('is reached through the proxy', async () => {
    expect(await read(right())).toBe('octo');
    expect(proxy.passed).toEqual([expect.stringMatching(/^api\.test:/)]);
  });

  it('fails after one request when the proxy refuses a wrong password', async () => {
    const message = await read(`http://user:wr0ng-pa55@${proxy.host}`);
    expect(message).toMatch(
      /^octo\/meta can't be read: The proxy .* refuses its user name and password.*the input "proxy"/,
    );
    expect(message).not.toMatch(/wr0ng|GitHub says/);
    expect(proxy.refused()).toBe(1);
  });

  it("fails when the proxy can't be reached", async () => {
    const host = `127.0.0.1:${await freePort()}`;
    expect(await read(right(host), { retries: 0 })).toMatch(
      /^The proxy .* can't be reached \(connect ECONNREFUSED/,
    );
  });
});
