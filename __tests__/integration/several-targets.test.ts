import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../../src/action/sleep.ts';
import type { Exec } from '../../src/copy/docker/cli.ts';
import { openDockerEngine } from '../../src/copy/docker/open.ts';
import type { Engine } from '../../src/copy/engine.ts';
import { RegistryEngine } from '../../src/copy/registry/engine.ts';
import { testClient } from '../support/fixtures/clients.ts';
import { type TestImage, makeImage, makeIndex, pushImage } from '../support/fixtures/images.ts';
import { type Wanted, copyToTargets, readsOf, repeatedReads } from '../support/fixtures/several-targets.ts';
import { silentLogger } from '../support/fixtures/silent-logger.ts';
import { type TestServer, startServer } from '../support/network/http.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type Dockerd, startDockerd } from '../support/registries/dockerd.ts';
import { type MemoryRegistry, refuse, startMemoryRegistry } from '../support/registries/memory-registry.ts';

const LARGE = 5_000_000;

let source: MemoryRegistry;
let targets: TestServer[];
/** A target whose quota is used up. */
let full: TestServer;
let dockerd: Dockerd;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'several-targets-'));
  source = await startMemoryRegistry();
  targets = await Promise.all([startDockerRegistry(), startDockerRegistry()]);
  full = await startServer(async (request, response) => {
    request.resume();
    if (request.url === '/v2/') response.end();
    else if (request.method === 'HEAD') response.writeHead(404).end();
    else refuse(response, 403, 'DENIED', 'quota exceeded');
  });
  dockerd = await startDockerd();
});
afterAll(async () => {
  await Promise.all([dockerd, full, source, ...targets].map(async (server) => server.close()));
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  source.requests.length = 0;
});

const exec: Exec = async (command, args, { env, input }) =>
  new Promise((resolve) => {
    const child = execFile(command, args, { env }, (error, stdout, stderr) =>
      resolve({ exitCode: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
    child.stdin?.end(input);
  });

const docker = async (...args: string[]): ReturnType<Exec> =>
  exec('docker', args, { env: { PATH: process.env['PATH'] ?? '', DOCKER_HOST: dockerd.dockerHost } });

function openRegistryEngine(): RegistryEngine {
  return new RegistryEngine({
    concurrency: 3,
    streams: 10,
    retries: 1,
    sleep: async () => {},
    random: Math.random,
  });
}

async function openDocker(): Promise<Engine> {
  return openDockerEngine({
    exec,
    env: { PATH: process.env['PATH'] ?? '', DOCKER_HOST: dockerd.dockerHost },
    userConfig: join(folder, 'config'),
    tempFolder: folder,
    logins: { source: new Map(), target: new Map() },
    onFolder: () => {},
    indexEngine: openRegistryEngine(),
    sleep,
    concurrency: 3,
    logger: silentLogger,
    abort: new AbortController().signal,
  });
}

async function pushAll(name: string, images: readonly TestImage[]): Promise<void> {
  for (const [index, image] of images.entries())
    await pushImage(source.url, `${name}-${index}`, ['v1'], image);
  source.requests.length = 0;
}

const toEach = (to: readonly TestServer[], name: string, images: readonly TestImage[]): Wanted[] =>
  to.flatMap((target) => images.map((image, index) => ({ image, repository: `${name}-${index}`, target })));

/** Expects that the targets hold each image as the engine has verified it. */
async function expectMirrored(
  wanted: readonly Wanted[],
  outcomes: Awaited<ReturnType<typeof copyToTargets>>,
): Promise<void> {
  for (const target of targets) {
    const done = outcomes.get(target.host) ?? [];
    expect(done).toHaveLength(wanted.filter(({ target: { host } }) => host === target.host).length);
    for (const { work, verifiedTags, error } of done) {
      expect(error).toBeUndefined();
      const head = await testClient(target.host).headManifest(`mirror/${work.image}`, 'v1');
      expect(head?.digest).toBe(verifiedTags.get('v1')?.digest);
    }
  }
  const refused = outcomes.get(full.host) ?? [];
  expect(refused.length).toBe(wanted.length / 3);
  for (const { error } of refused) expect(error).toContain('quota exceeded');
}

describe('several targets', () => {
  it('get everything with one read of the source, and a full one fails alone', async () => {
    const images = [1, 2, 3, 4].map((number) =>
      makeIndex([
        makeImage({ seed: `${number} amd64`, layers: [LARGE, 3000], layerSeeds: ['base'] }),
        makeImage({ seed: `${number} arm64`, layers: [LARGE, 3000], platform: 'linux/arm64' }),
      ]),
    );
    await pushAll('index', images);
    const wanted = toEach([full, ...targets], 'index', images);
    const outcomes = await copyToTargets(source, wanted, { retries: 0, engine: openRegistryEngine() });
    await expectMirrored(wanted, outcomes);
    expect(repeatedReads(source)).toEqual([]);
  });

  it('get what docker has pulled once, and what was there before stays', async () => {
    const images = [1, 2, 3].map((number) => makeImage({ seed: `docker ${number}`, layers: [LARGE, 3000] }));
    await pushAll('docker', images);
    const own = `${source.host}/docker-0:v1`;
    expect(await docker('pull', '--quiet', own)).toMatchObject({ exitCode: 0 });
    const before = dockerd.images();
    source.requests.length = 0;
    const wanted = toEach([full, ...targets], 'docker', images);
    const outcomes = await copyToTargets(source, wanted, { retries: 0, engine: await openDocker() });
    await expectMirrored(wanted, outcomes);
    const reads = Array.from(readsOf(source));
    expect(reads.filter(([path, count]) => path.includes('/blobs/') && count > 1)).toEqual([]);
    // One request is docker's, the other one asks whether docker can copy it.
    expect(Math.max(...reads.map(([, count]) => count))).toBe(2);
    expect(dockerd.images()).toEqual(before);
    expect((await docker('image', 'inspect', own)).exitCode).toBe(0);
  });
});
