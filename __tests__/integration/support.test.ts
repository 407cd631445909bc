import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOCKER_MANIFEST, MANIFEST_ACCEPT } from '../../src/oci/media-types.ts';
import { makeImage, makeIndex, pushImage } from '../support/fixtures/images.ts';
import type { TestServer } from '../support/network/http.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type Dockerd, startDockerd } from '../support/registries/dockerd.ts';
import { type GoogleFacade, startGoogleFacade } from '../support/registries/google-facade.ts';
import { startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { makeCertificate } from '../support/registries/token-server.ts';
import { startDaemon } from '../support/run/process.ts';

const LOGIN = { username: 'mirror', password: 'support-pa55' };
const AUTHORIZATION = {
  authorization: `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`,
};
const image = makeImage({ seed: 'support', layers: [200_000, 1000] });
const index = makeIndex([image, makeImage({ seed: 'arm', platform: 'linux/arm64' })], { oci: true });

const ImageManifest = v.object({
  config: v.object({ digest: v.string() }),
  layers: v.array(v.unknown()),
});

let upstream: TestServer;
let source: GoogleFacade;
let target: TestServer;

beforeAll(async () => {
  upstream = await startDockerRegistry();
  source = await startGoogleFacade(upstream.url);
  target = await startDockerRegistry({ htpasswd: LOGIN });
  // Through the façade, which forwards uploads too.
  await pushImage(source.url, 'library/base', ['v1', 'latest'], image);
  await pushImage(source.url, 'library/base/multi', ['v1'], index);
});
afterAll(async () => {
  await Promise.all([source, upstream, target].map((server) => server.close()));
});

/** Command lines of the processes that contain `text`. */
function processesOf(text: string): string[] {
  const lines = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes(text));
}

/** The config.yml of the docker-registry that listens at `host`: others may run at the same time. */
function configFileOf(host: string): string | undefined {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith('docker-registry-'))
    .map((name) => join(tmpdir(), name, 'config.yml'))
    .find((file) => existsSync(file) && readFileSync(file, 'utf8').includes(host));
}

async function statusOfTarget(headers: Record<string, string> = {}): Promise<number> {
  return (await fetch(`${target.url}/v2/`, { headers })).status;
}

describe("Debian's docker-registry", () => {
  it('requires the account of its htpasswd', async () => {
    expect(await statusOfTarget()).toBe(401);
    expect(await statusOfTarget({ authorization: 'Basic bWlycm9yOndyb25n' })).toBe(401);
    expect(await statusOfTarget(AUTHORIZATION)).toBe(200);
  });

  it('leaves no folder and no process behind', async () => {
    const registry = await startDockerRegistry();
    const configFile = configFileOf(registry.host) ?? '';
    expect(processesOf(configFile)).toHaveLength(1);
    await registry.close();
    expect(processesOf(configFile)).toEqual([]);
    expect(existsSync(dirname(configFile))).toBe(false);
  });

  it('is named with its Debian package when it is missing', async () => {
    const missing = startDaemon('no-such-docker-registry', [], {
      debianPackage: 'docker-registry',
      ready: async () => false,
    });
    await expect(missing).rejects.toThrow('apt-get install docker-registry');
  });
});

describe("Google's façade", () => {
  it('lists tags, digests, media types and children', async () => {
    const body: unknown = await (await fetch(`${source.url}/v2/library/base/tags/list`)).json();
    expect(body).toMatchObject({ name: 'library/base', child: ['multi'], tags: ['latest', 'v1'] });
    expect(body).toHaveProperty('manifest', {
      [image.digest]: expect.objectContaining({
        imageSizeBytes: String(image.bytes.length),
        mediaType: DOCKER_MANIFEST,
        tag: ['latest', 'v1'],
      }),
    });
  });

  it.each([
    ['/v2/tags/list', ['library']],
    ['/v2/library/tags/list', ['base']],
  ])('lists the children of a path that is no repository: %s', async (path, child) => {
    expect(await (await fetch(source.url + path)).json()).toMatchObject({ child, manifest: {}, tags: [] });
  });

  it('answers 404 for other paths', async () => {
    expect((await fetch(`${source.url}/v2/libr/tags/list`)).status).toBe(404);
  });

  it('forwards everything else byte for byte', async () => {
    const manifest = await fetch(`${source.url}/v2/library/base/multi/manifests/v1`, {
      headers: { accept: MANIFEST_ACCEPT },
    });
    expect(manifest.headers.get('docker-content-digest')).toBe(index.digest);
    expect(Buffer.from(await manifest.arrayBuffer())).toEqual(Buffer.from(index.bytes));
    for (const [digest, bytes] of image.blobs) {
      const blob = await fetch(`${source.url}/v2/library/base/blobs/${digest}`);
      expect(Buffer.from(await blob.arrayBuffer())).toEqual(Buffer.from(bytes));
    }
    expect(source.requests).toContain('GET /v2/library/base/multi/manifests/v1');
  });
});

describe('the in-process registry', () => {
  it('speaks TLS', async () => {
    const certificate = await makeCertificate('registry.test');
    const registry = await startMemoryRegistry({ tls: certificate });
    try {
      const status = await new Promise((resolve, reject) => {
        get(
          `${registry.url}/v2/`,
          { ca: certificate.cert, servername: 'registry.test', agent: false },
          (answer) => resolve(answer.resume().statusCode),
        ).on('error', reject);
      });
      expect(status).toBe(200);
    } finally {
      await registry.close();
      certificate.remove();
    }
  });
});

describe("Debian's dockerd", () => {
  let dockerd: Dockerd;
  let config: string;

  beforeAll(async () => {
    config = await mkdtemp(join(tmpdir(), 'docker-config-'));
    dockerd = await startDockerd();
  });
  afterAll(async () => {
    await dockerd.close();
    await rm(config, { recursive: true, force: true });
  });

  async function docker(...args: string[]): Promise<string> {
    const env = { ...process.env, DOCKER_HOST: dockerd.dockerHost, DOCKER_CONFIG: config };
    return (await promisify(execFile)('docker', args, { env })).stdout.trim();
  }

  function login(): void {
    const env = { ...process.env, DOCKER_HOST: dockerd.dockerHost, DOCKER_CONFIG: config };
    const args = ['login', target.host, '--username', LOGIN.username, '--password-stdin'];
    execFileSync('docker', args, { env, input: LOGIN.password, stdio: ['pipe', 'ignore', 'ignore'] });
  }

  it('pulls by digest, tags and pushes: the target holds the same config', async () => {
    const from = `${source.host}/library/base@${image.digest}`;
    const to = `${target.host}/mirror/base:v1`;
    await docker('pull', '--quiet', from);
    await docker('tag', from, to);
    await expect(docker('push', '--quiet', to)).rejects.toThrow(/no basic auth credentials|unauthorized/);
    login();
    await docker('push', '--quiet', to);

    const pushed = await fetch(`${target.url}/v2/mirror/base/manifests/v1`, {
      headers: { ...AUTHORIZATION, accept: MANIFEST_ACCEPT },
    });
    const pushedManifest = v.parse(ImageManifest, await pushed.json());
    const original = v.parse(ImageManifest, JSON.parse(Buffer.from(image.bytes).toString()));
    expect(pushedManifest.config.digest).toBe(original.config.digest);
    expect(pushedManifest.layers).toHaveLength(2);
    expect(await docker('image', 'inspect', '--format', '{{.Id}}', to)).toBe(original.config.digest);

    expect(dockerd.images().filter((name) => name.startsWith(`${target.host}/mirror/base@`))).toHaveLength(1);
    await docker('rmi', to, from);
    expect(dockerd.images()).toEqual([]);
  });

  it('pulls the requested platform of an index', async () => {
    const name = `${source.host}/library/base/multi:v1`;
    await docker('pull', '--quiet', '--platform', 'linux/arm64', name);
    expect(await docker('image', 'inspect', '--format', '{{.Os}}/{{.Architecture}}', name)).toBe(
      'linux/arm64',
    );
    await docker('rmi', name);
  });

  it('leaves no process, no mount and no folder behind', async () => {
    const other = await startDockerd();
    const folder = other.dockerHost.replace(/^unix:\/\/(.+)\/d\.sock$/, '$1');
    // dockerd and the containerd that it started.
    expect(processesOf(folder).length).toBeGreaterThanOrEqual(2);
    await other.close();
    expect(processesOf(folder)).toEqual([]);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(folder);
    expect(existsSync(folder)).toBe(false);
  });
});
