import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeImage, makeIndex } from '../support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import { type TestServer, startServer } from '../support/network/http.ts';
import { type ForwardProxy, pipeRequest, startForwardProxy } from '../support/network/proxy.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { type Certificate, makeCertificate } from '../support/registries/token-server.ts';
import { freePort } from '../support/run/process.ts';
import { type RunOutcome, runAction } from '../support/run/runner.ts';

/**
 * The bundle as a process that reaches everything through a proxy: ghcr.io, Docker Hub and GitHub's API by name and
 * over TLS, each a stand-in on loopback at the end of a tunnel.
 */
const PROXY_PASSWORD = 'pr0xy-pa55/@';
const HUB = { username: 'gcrxio', password: 'hub-pa55' };
const IMAGE = makeIndex([makeImage({ seed: 'a' }), makeImage({ seed: 'b', platform: 'linux/arm64' })]);

let certificate: Certificate;
let github: GitHubStandIn;
let api: TestServer;
let hub: MemoryRegistry;
/** Accepts only GitHub's token. */
let ghcr: MemoryRegistry;
/** Is public, and rejects every token. */
let openGhcr: MemoryRegistry;
let loopback: MemoryRegistry;
let proxy: ForwardProxy;
let folder: string;
let runs = 0;

beforeAll(async () => {
  certificate = await makeCertificate('ghcr.io', 'registry-1.docker.io', 'auth.docker.io', 'api.github.com');
  folder = await mkdtemp(join(tmpdir(), 'proxy-'));
  github = await startGitHub({ 'octo/meta': {} });
  api = await startServer(
    async (request, response) => pipeRequest(request, response, github.url),
    certificate,
  );
  const tls = certificate;
  hub = await startMemoryRegistry({
    tls,
    realm: 'https://auth.docker.io/token',
    auth: { kind: 'token', ...HUB },
  });
  const realm = 'https://ghcr.io/token';
  const account = { username: 'octocat', password: TOKENS.write };
  ghcr = await startMemoryRegistry({ tls, realm, auth: { kind: 'token', ...account } });
  openGhcr = await startMemoryRegistry({ tls, realm, auth: { kind: 'token' } });
  loopback = await startMemoryRegistry({ google: true });
  for (const { store } of [ghcr, openGhcr, loopback]) {
    for (const image of IMAGE.children) {
      for (const bytes of image.blobs.values()) store.putBlob('octo/nested/app', bytes);
      store.putManifest('octo/nested/app', image.digest, image.mediaType, image.bytes);
    }
    store.putManifest('octo/nested/app', 'v1', IMAGE.mediaType, IMAGE.bytes);
  }
  proxy = await startForwardProxy(PROXY_PASSWORD);
  for (const [name, { host }] of Object.entries({
    'registry-1.docker.io': hub,
    'auth.docker.io': hub,
    'api.github.com': api,
  }))
    proxy.routes.set(`${name}:443`, portOf(host));
  // A client that resolves a name itself stays on loopback too, and reaches nothing.
  const preload = `import dns from 'node:dns';
    const { lookup } = dns;
    dns.lookup = (name, ...rest) => lookup('127.0.0.1', ...rest);`;
  await writeFile(join(folder, 'lookup.mjs'), preload);
});
afterEach(() => {
  proxy.passed.length = 0;
  for (const { requests } of [hub, ghcr, openGhcr, loopback]) requests.length = 0;
});
afterAll(async () => {
  certificate.remove();
  await Promise.all([proxy, loopback, openGhcr, ghcr, hub, api, github].map((server) => server.close()));
  await rm(folder, { recursive: true });
});

const portOf = (host: string): number => Number(host.split(':')[1]);
const url = (password = PROXY_PASSWORD, host = proxy.host): string =>
  `http://user:${encodeURIComponent(password)}@${host}`;

async function run(
  from: MemoryRegistry,
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  token: string = TOKENS.write,
): Promise<RunOutcome> {
  proxy.routes.set('ghcr.io:443', portOf(from.host));
  runs += 1;
  return runAction({
    inputs: {
      namespaces: 'ghcr.io/octo/nested/app',
      target: 'docker.io/gcrxio',
      'target-name': 'x/{image}',
      ...HUB,
      engine: 'registry',
      retries: '0',
      'manifest-path': `${runs}/{namespace}.json`,
      ...inputs,
    },
    apiUrl: 'https://api.github.com',
    token,
    env: {
      NODE_OPTIONS: `--import ${join(folder, 'lookup.mjs')}`,
      NODE_EXTRA_CA_CERTS: certificate.certFile,
      GITHUB_ACTOR: 'octocat',
      ...env,
    },
  });
}

function messagesOf({ annotations }: RunOutcome): string {
  return annotations.map(({ message }) => message).join('\n');
}

/** The log without the runner commands that mask secrets. */
const visibleLog = ({ log }: RunOutcome): string => log.replaceAll(/^::add-mask::.*$/gm, '');

const WORLD = ['api.github.com:443', 'auth.docker.io:443', 'ghcr.io:443', 'registry-1.docker.io:443'];

describe('through a proxy', () => {
  it.each(['the input proxy', 'HTTPS_PROXY', 'https_proxy'])(
    "named by %s, sends every request, and reads ghcr.io with GitHub's token",
    async (name) => {
      const isInput = name.startsWith('the');
      const outcome = await run(ghcr, isInput ? { proxy: url() } : {}, isInput ? {} : { [name]: url() });
      expect(visibleLog(outcome)).not.toContain('::error');
      expect(outcome.outputs).toMatchObject({ added: '1', failed: '0', complete: 'true' });
      // Docker Hub's names can't nest.
      expect(hub.store.manifest('gcrxio/x_app', 'v1')?.digest).toBe(IMAGE.digest);
      expect(await github.file('octo/meta', `${runs}/octo/nested/app.json`)).toContain(
        `"v1": "${IMAGE.digest}"`,
      );
      expect(Array.from(new Set(proxy.passed)).toSorted()).toEqual(WORLD);
      expect(visibleLog(outcome)).not.toContain(PROXY_PASSWORD);
      expect(visibleLog(outcome)).not.toContain(encodeURIComponent(PROXY_PASSWORD));
    },
  );

  it("reads public images on ghcr.io even where GitHub's token is rejected", async () => {
    const outcome = await run(openGhcr, { proxy: url() });
    expect(outcome.outputs).toMatchObject({ added: '1', failed: '0', complete: 'true' });
    const authorizations = openGhcr.requests.flatMap(({ path, authorization }) =>
      path.startsWith('/token') ? [authorization?.split(' ')[0]] : [],
    );
    expect(authorizations).toEqual(['Basic', undefined]);
  });

  it('sends no token of a GitHub Enterprise Server to ghcr.io', async () => {
    const outcome = await run(openGhcr, {}, { HTTPS_PROXY: url(), GITHUB_API_URL: `${github.url}/api/v3` });
    expect(outcome.outputs).toMatchObject({ added: '1', complete: 'true' });
    expect(openGhcr.requests.some(({ authorization }) => authorization?.startsWith('Basic'))).toBe(false);
  });

  it('prefers an account of registry-auth to the token', async () => {
    const accounts = `- registry: ghcr.io\n  username: somebody\n  password: 'wr0ng # pa55'`;
    const outcome = await run(ghcr, { proxy: url(), 'registry-auth': accounts });
    expect(outcome.outputs).toMatchObject({ added: '0', failed: '1' });
    expect(messagesOf(outcome)).toContain(
      'ghcr.io refused the credentials from the input registry-auth, line 1',
    );
    expect(visibleLog(outcome)).not.toContain('wr0ng');
  });

  it('reaches the target with an account of registry-auth', async () => {
    const accounts = `- username: ${HUB.username}\n  password: ${HUB.password}`;
    const outcome = await run(ghcr, { proxy: url(), username: '', password: '', 'registry-auth': accounts });
    expect(outcome.outputs).toMatchObject({ added: '1', complete: 'true' });
  });

  it('uses a separate account for each target of a config file', async () => {
    const second = { username: 'second', password: 'second-pa55' };
    const other = await startMemoryRegistry({ auth: { kind: 'basic', ...second } });
    const file = `namespaces:
  ghcr.io/octo/nested/app: { target: docker.io/gcrxio, target-name: 'config-{image}' }
  ${loopback.host}/octo: { target: ${other.host}/mirror }`;
    await github.putFile('octo/meta', 'mirror.yml', file);
    const accounts = `- registry: ${other.host}\n  username: second\n  password: second-pa55\n- ${JSON.stringify(HUB)}`;
    const inputs = { namespaces: '', target: '', 'target-name': '{image}', config: 'mirror.yml' };
    const login = { username: '', password: '', 'registry-auth': accounts };
    const outcome = await run(ghcr, { ...inputs, ...login }, { HTTPS_PROXY: url() });
    await other.close();
    expect(messagesOf(outcome)).toBe('');
    expect(outcome.outputs).toMatchObject({ added: '2', complete: 'true' });
    expect(hub.store.manifest('gcrxio/config-app', 'v1')?.digest).toBe(IMAGE.digest);
    expect(other.store.manifest('mirror/nested/app', 'v1')?.digest).toBe(IMAGE.digest);
  });

  it('bypasses the proxy for hosts in NO_PROXY', async () => {
    const env = { HTTPS_PROXY: url(), HTTP_PROXY: url(), NO_PROXY: 'example.com,127.0.0.1' };
    const outcome = await run(ghcr, { namespaces: `${loopback.host}/octo/nested` }, env);
    expect(outcome.outputs).toMatchObject({ added: '1', complete: 'true' });
    expect(new Set(proxy.passed)).toEqual(new Set(WORLD.filter((host) => !host.startsWith('ghcr'))));
    expect(loopback.requests.length).toBeGreaterThan(0);
  });

  it('fails and names the input when the password of the proxy is wrong', async () => {
    const outcome = await run(ghcr, { proxy: url('wr0ng-pa55') });
    expect(outcome.exitCode).toBe(1);
    expect(messagesOf(outcome)).toMatch(
      /ghcr\.io\/octo\/nested\/app can't be listed.*The proxy 127\.0\.0\.1:\d+ refuses its user name and password \(status 407\): check them in the input "proxy"/,
    );
    expect(visibleLog(outcome)).not.toContain('wr0ng-pa55');
    expect([proxy.passed, ghcr.requests, hub.requests]).toEqual([[], [], []]);
  });

  it('fails when the proxy can not be reached', async () => {
    const outcome = await run(
      ghcr,
      {},
      { HTTPS_PROXY: url(PROXY_PASSWORD, `127.0.0.1:${await freePort()}`) },
    );
    expect(outcome.exitCode).toBe(1);
    expect(messagesOf(outcome)).toMatch(
      /The proxy 127\.0\.0\.1:\d+ can't be reached \(connect ECONNREFUSED .*HTTPS_PROXY/,
    );
    expect(visibleLog(outcome)).not.toContain(PROXY_PASSWORD);
  });
});
