import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { MANIFEST_ACCEPT } from '../../src/oci/media-types.ts';
import { type TestImage, makeImage, makeIndex, pushImage } from '../support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import { type TestServer, startServer } from '../support/network/http.ts';
import { startForwardProxy } from '../support/network/proxy.ts';
import { type DockerRegistryOptions, startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type Dockerd, startDockerd } from '../support/registries/dockerd.ts';
import { startGoogleFacade } from '../support/registries/google-facade.ts';
import {
  type Certificate,
  type TokenServer,
  makeCertificate,
  startTokenServer,
} from '../support/registries/token-server.ts';
import { type RunOutcome, runAction } from '../support/run/runner.ts';

/**
 * One contract for both engines: the target ends up with the images of the source, whichever authentication and
 * redirects the registries use. The bundle runs as a process against real registries.
 */
const LOGIN = { username: 'mirror', password: 'contract-pa55' };
const BASIC = {
  authorization: `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`,
};

const IMAGES: readonly (readonly [image: string, tags: string[], content: TestImage])[] = [
  ['single', ['latest', 'v1'], makeImage({ seed: 'single', layers: [500_000, 1000] })],
  ['nested/oci', ['v1'], makeImage({ seed: 'oci', oci: true })],
  [
    'several',
    ['v1'],
    makeIndex([makeImage({ seed: 's1' }), makeImage({ seed: 's2', platform: 'linux/arm64' })], {
      attestation: true,
    }),
  ],
];

interface Place {
  readonly options: DockerRegistryOptions;
  readonly headers: Readonly<Record<string, string>>;
}

let dockerd: Dockerd;
let github: GitHubStandIn;
let certificate: Certificate;
let tokens: TokenServer;
let files: TestServer;
let dataFolder: string;

beforeAll(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'redirect-'));
  certificate = await makeCertificate('registry.test');
  dockerd = await startDockerd();
  github = await startGitHub({ 'octo/meta': {} });
  tokens = await startTokenServer(certificate, LOGIN);
  // A registry that redirects sends its clients here for blobs; credentials must not be sent.
  files = await startServer(async (request, response) => {
    if (request.headers.authorization !== undefined) throw new Error('credentials followed a redirect');
    await pipeline(createReadStream(join(dataFolder, decodeURI(request.url ?? ''))), response);
  });
});

afterAll(async () => {
  certificate.remove();
  await Promise.all([files, tokens, github, dockerd].map((server) => server.close()));
  await rm(dataFolder, { recursive: true });
});

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  'with no login': async () => ({ options: {}, headers: {} }),
  'with htpasswd': async () => ({ options: { htpasswd: LOGIN }, headers: BASIC }),
  'with tokens': async () => ({
    options: { config: { auth: tokens.auth } },
    headers: {
      authorization: `Bearer ${await tokenFor(IMAGES.map(([image]) => `repository:ns/${image}:pull,push`))}`,
    },
  }),
  'that redirect blobs': async () => ({
    options: {
      config: {
        storage: { filesystem: { rootdirectory: dataFolder } },
        middleware: { storage: [{ name: 'redirect', options: { baseurl: files.url } }] },
      },
    },
    headers: {},
  }),
};

async function tokenFor(scopes: readonly string[]): Promise<string> {
  const query = scopes.map((scope) => `scope=${scope}`).join('&');
  const answer = await fetch(`${tokens.url}/token?service=test&${query}`, { headers: BASIC });
  return v.parse(v.object({ token: v.string() }), await answer.json()).token;
}

async function mirror(inputs: Record<string, string>, env: Record<string, string> = {}): Promise<RunOutcome> {
  return runAction({
    inputs: { retries: '1', ...inputs },
    apiUrl: github.url,
    token: TOKENS.write,
    env: { DOCKER_HOST: dockerd.dockerHost, ...env },
  });
}

async function targetManifest(
  url: string,
  repository: string,
  reference: string,
  headers: Place['headers'],
): Promise<Buffer> {
  const answer = await fetch(`${url}/v2/${repository}/manifests/${reference}`, {
    headers: { ...headers, accept: MANIFEST_ACCEPT },
  });
  expect(answer.status, `${repository}:${reference}`).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

const Content = v.object({
  config: v.optional(v.object({ digest: v.string() })),
  layers: v.optional(v.array(v.object({ digest: v.string() })), []),
});

/** Each blob that `manifest` names is present, and its content matches its digest. */
async function checkBlobs(
  url: string,
  repository: string,
  manifest: Buffer,
  headers: Place['headers'],
): Promise<void> {
  const { config, layers } = v.parse(Content, JSON.parse(manifest.toString()));
  for (const { digest } of [...(config ? [config] : []), ...layers]) {
    const answer = await fetch(`${url}/v2/${repository}/blobs/${digest}`, { headers });
    expect(digestOf(Buffer.from(await answer.arrayBuffer()))).toBe(digest);
  }
}

describe.each(['docker', 'registry'])('engine %s, registries', (engine) => {
  it.each(Object.keys(PLACES))('%s', async (name) => {
    const { options, headers } = (await PLACES[name]?.()) ?? { options: {}, headers: {} };
    const source = await startDockerRegistry(options);
    const target = await startDockerRegistry(name === 'that redirect blobs' ? {} : options);
    for (const [image, tags, content] of IMAGES)
      await pushImage(source.url, `ns/${image}`, tags, content, headers);
    const sourceLogin = { 'source-username': LOGIN.username, 'source-password': LOGIN.password };
    const run = await mirror({
      namespaces: IMAGES.map(([image]) => `${source.host}/ns/${image}`).join('\n'),
      target: `${target.host}/ns`,
      engine,
      ...(Object.keys(headers).length > 0 && { ...LOGIN, ...sourceLogin }),
    });
    expect(run.log).not.toContain('::error');
    expect(run.outputs).toMatchObject({ added: '4', failed: '0', complete: 'true' });
    for (const [image, tags, content] of IMAGES) {
      const repository = `ns/${image.replace(/.*\//, '')}`;
      const own =
        name === 'with tokens'
          ? { authorization: `Bearer ${await tokenFor([`repository:${repository}:pull`])}` }
          : headers;
      for (const tag of tags) {
        const manifest = await targetManifest(target.url, repository, tag, own);
        const exact = engine === 'registry' || content.children.length > 0;
        expect(exact ? digestOf(manifest) : configOf(manifest)).toBe(
          exact ? content.digest : configOf(Buffer.from(content.bytes)),
        );
        await checkBlobs(target.url, repository, manifest, own);
      }
      for (const child of content.children) {
        expect(digestOf(await targetManifest(target.url, repository, child.digest, own))).toBe(child.digest);
        await checkBlobs(target.url, repository, Buffer.from(child.bytes), own);
      }
    }
    expect(dockerd.images()).toEqual([]);
    await Promise.all([source.close(), target.close()]);
  });
});

describe('engine docker', () => {
  it('logs that an index of several platforms is copied by the registry engine', async () => {
    const source = await startDockerRegistry();
    const target = await startDockerRegistry();
    const [, , several] = IMAGES[2] ?? [];
    if (!several) throw new Error('no index');
    await pushImage(source.url, 'ns/several', ['v1'], several);
    const run = await mirror({
      namespaces: `${source.host}/ns/several`,
      target: `${target.host}/ns`,
      engine: 'docker',
    });
    expect(run.log).toContain('it is copied registry to registry');
    await Promise.all([source.close(), target.close()]);
  });
});

describe('engine registry', () => {
  it('trusts a private CA from NODE_EXTRA_CA_CERTS, and no other', async () => {
    const source = await startDockerRegistry();
    const facade = await startGoogleFacade(source.url);
    const target = await startDockerRegistry({ tls: certificate });
    const [, , single] = IMAGES[0] ?? [];
    if (!single) throw new Error('no image');
    await pushImage(source.url, 'tls/one', ['v1'], single);
    // A name other than loopback's, so that TLS is used; only the process under test resolves it to loopback.
    const preload = join(dataFolder, 'resolve.mjs');
    await writeFile(
      preload,
      `import dns from 'node:dns';
       const { lookup } = dns;
       dns.lookup = (name, ...rest) => lookup(name === 'registry.test' ? '127.0.0.1' : name, ...rest);`,
    );
    const port = target.host.split(':')[1] ?? '';
    const inputs = {
      namespaces: `${facade.host}/tls`,
      target: `registry.test:${port}/ns`,
      engine: 'registry',
    };
    const env = { NODE_OPTIONS: `--import ${preload}` };
    const untrusted = await mirror({ ...inputs, retries: '0' }, env);
    expect(untrusted.outputs).toMatchObject({ added: '0', failed: '1' });
    expect(untrusted.annotations.map(({ message }) => message).join('\n')).toMatch(
      /self-signed certificate/i,
    );
    const trusted = await mirror(inputs, { ...env, NODE_EXTRA_CA_CERTS: certificate.certFile });
    expect(trusted.outputs).toMatchObject({ added: '1', complete: 'true' });
    // And through a proxy: the target by a tunnel; GitHub and the source, which use plain HTTP, by requests.
    await pushImage(source.url, 'tls/two', ['v1'], single);
    const proxy = await startForwardProxy('pr0xy-pa55');
    const proxied = await mirror(
      { ...inputs, proxy: proxy.url },
      { ...env, NODE_EXTRA_CA_CERTS: certificate.certFile },
    );
    await proxy.close();
    expect(proxied.outputs).toMatchObject({ added: '1', unchanged: '1', complete: 'true' });
    expect(new Set(proxy.passed)).toEqual(
      new Set([facade.host, new URL(github.url).host, `registry.test:${port}`]),
    );
    expect(proxied.log.replaceAll(/^::add-mask::.*$/gm, '')).not.toContain('pr0xy-pa55');
    await Promise.all([facade.close(), source.close(), target.close()]);
  });
});

function configOf(manifest: Buffer): string | undefined {
  return v.parse(Content, JSON.parse(manifest.toString())).config?.digest;
}
