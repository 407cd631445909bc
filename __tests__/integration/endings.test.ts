import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RecordedImages } from '../../src/mirror/record-entry.ts';
import { parseNamespaceManifest } from '../../src/record/namespace-manifest.ts';
import { type TestImage, makeImage, pushImage } from '../support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import { type TestServer, startServer } from '../support/network/http.ts';
import { pipeRequest } from '../support/network/proxy.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type Dockerd, startDockerd } from '../support/registries/dockerd.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { type RunOptions, type RunOutcome, cancel, runAction } from '../support/run/runner.ts';

const LOGIN = { username: 'mirror', password: 'pa55-of-the-target' };

let source: MemoryRegistry;
let registry: TestServer;
/** The target, with a log of the tags that were pushed. */
let target: TestServer & { pushed: string[] };
let github: GitHubStandIn;
let dockerd: Dockerd;
/** The images of the source, by `image:tag`. */
let sourceImages: Map<string, TestImage>;
/** Milliseconds that the source waits before it sends a blob. */
let slowness = 0;

beforeAll(async () => {
  dockerd = await startDockerd();
});
afterAll(async () => {
  await dockerd.close();
});

beforeEach(async () => {
  slowness = 0;
  sourceImages = new Map();
  source = await startMemoryRegistry({ google: true });
  source.intercept = async ({ method, url }) => {
    if (method === 'GET' && url?.includes('/blobs/') === true) await delay(slowness);
    return false;
  };
  registry = await startDockerRegistry({ htpasswd: LOGIN });
  const pushed: string[] = [];
  const front = await startServer(async (request, response) => {
    const [, tag] = /^\/v2\/mirror\/(.+?\/manifests\/[^:]+)$/.exec(request.url ?? '') ?? [];
    if (request.method === 'PUT' && tag !== undefined) pushed.push(tag.replace('/manifests/', ':'));
    await pipeRequest(request, response, registry.url);
  });
  target = { ...front, pushed };
  github = await startGitHub({ 'octo/meta': { empty: true } });
  return async () => {
    await Promise.all([github, front, registry, source].map((server) => server.close()));
  };
});

async function pushToSource(names: Iterable<string>, version = ''): Promise<void> {
  for (const name of names) {
    const [image = '', tag = ''] = name.split(':');
    const content = makeImage({ seed: `${name} ${version}`, layers: [2000, 100_000] });
    sourceImages.set(name, content);
    await pushImage(source.url, `library/${image}`, [tag], content);
  }
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `image-${String(index).padStart(2, '0')}:v1`);
}

async function run(
  inputs: Record<string, string> = {},
  options: Partial<RunOptions> = {},
): Promise<RunOutcome> {
  return runAction({
    inputs: {
      namespaces: `${source.host}/library`,
      target: `${target.host}/mirror`,
      engine: 'registry',
      concurrency: '2',
      ...LOGIN,
      ...inputs,
    },
    apiUrl: github.url,
    token: TOKENS.write,
    env: { DOCKER_HOST: dockerd.dockerHost },
    ...options,
  });
}

async function recorded(): Promise<RecordedImages> {
  const path = `${source.host}/library.json`;
  const text = await github.file('octo/meta', path);
  if (text === undefined) return new Map();
  const expected = { path, source: `${source.host}/library`, target: `${target.host}/mirror` };
  return parseNamespaceManifest(Buffer.from(text), expected).images;
}

/** Kills the run once so many tags are recorded, however fast this machine is. */
async function killOnceRecorded(child: ChildProcess, count: number): Promise<void> {
  while (child.exitCode === null && (await recordedNames()).length < count) await delay(100);
  child.kill('SIGKILL');
}

async function recordedNames(): Promise<string[]> {
  return Array.from(await recorded(), ([image, tags]) =>
    Array.from(tags.keys(), (tag) => `${image}:${tag}`),
  ).flat();
}

/** The digest of a tag as the target reports it; null when it has no such tag. */
async function targetDigest(image: string, tag: string): Promise<string | null> {
  const authorization = `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`;
  const accept = 'application/vnd.docker.distribution.manifest.v2+json';
  const answer = await fetch(`${registry.url}/v2/mirror/${image}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { authorization, accept },
  });
  return answer.headers.get('docker-content-digest');
}

/** Every recorded tag is in the target, with the recorded digest. */
async function expectRecordIsTrue(): Promise<void> {
  for (const [image, tags] of await recorded()) {
    for (const [tag, entry] of tags) {
      const actual = await targetDigest(image, tag);
      // `null` means that the tag was about to be overwritten: it must exist, with any digest.
      const digest = entry === null ? actual : typeof entry === 'string' ? entry : entry.target;
      expect([image, tag, actual]).toEqual([image, tag, digest ?? 'any']);
    }
  }
}

/** Every tag of the source is recorded with the source's digest, and is in the target. */
async function expectAllMirrored(): Promise<void> {
  await expectRecordIsTrue();
  const images = await recorded();
  for (const [name, { digest }] of sourceImages) {
    const [image = '', tag = ''] = name.split(':');
    const entry = images.get(image)?.get(tag);
    expect([name, typeof entry === 'object' ? entry?.digest : entry]).toEqual([name, digest]);
  }
}

/** The tags that the sections of the changelog name as added. */
async function changelogNames(): Promise<string[]> {
  const text = (await github.file('octo/meta', 'CHANGELOG.md')) ?? '';
  return Array.from(text.matchAll(/^- `(.+?)`: added (.*)$/gm), ([, image = '', tags = '']) =>
    Array.from(tags.matchAll(/`(.+?)`/g), ([, tag = '']) => `${image}:${tag}`),
  ).flat();
}

describe('the time limit', () => {
  it('starts no image once it is reached, records what is done, and leaves the rest pending', async () => {
    await pushToSource(names(20));
    slowness = 500;
    const first = await run({ 'time-limit': '3s' });
    expect(first.exitCode).toBe(0);
    const done = Number(first.outputs['added']);
    expect(done).toBeGreaterThan(2);
    expect(done).toBeLessThan(20);
    expect(first.outputs).toMatchObject({ complete: 'false', failed: '0', pending: String(20 - done) });
    expect(first.annotations).toMatchObject([{ level: 'notice' }]);
    expect(first.summary).toContain('The time limit is reached');
    expect(await recordedNames()).toHaveLength(done);
    await expectRecordIsTrue();
    const before = await recordedNames();
    target.pushed.length = 0;
    slowness = 0;
    const second = await run();
    expect(second.outputs).toMatchObject({
      complete: 'true',
      added: String(20 - done),
      unchanged: String(done),
    });
    expect(target.pushed.filter((name) => before.includes(name))).toEqual([]);
    await expectAllMirrored();
    expect((await changelogNames()).toSorted()).toEqual(names(20));
  });

  it('breaks off copies that do not end in time', async () => {
    await pushToSource(names(3));
    const { intercept } = source;
    source.intercept = async (request, response) => {
      if (request.url?.includes('image-01/blobs') === true) return true;
      return (await intercept?.(request, response)) ?? false;
    };
    const run1 = await run({ 'time-limit': '2s' });
    expect(run1.exitCode).toBe(0);
    expect(run1.duration).toBeLessThan(6000);
    expect(run1.outputs).toMatchObject({ added: '2', pending: '1', failed: '0', complete: 'false' });
    expect((await recordedNames()).toSorted()).toEqual(['image-00:v1', 'image-02:v1']);
  });

  it('reads its manifest and sends nothing else when there is nothing to do, also at checkpoints', async () => {
    await pushToSource(names(2));
    await run();
    github.requests.length = 0;
    const idle = await run({ checkpoint: '1ms', 'time-limit': '1h' });
    expect(idle.outputs).toMatchObject({ complete: 'true', changed: 'false' });
    expect(github.requests.map(({ method, path }) => `${method} ${path.replace(/^.*contents/, '')}`)).toEqual(
      [`GET /${encodeURIComponent(source.host)}/library.json`],
    );
  });
});

describe('checkpoints', () => {
  it('record progress during the run, and name each tag once in the changelog', async () => {
    await pushToSource(names(16));
    slowness = 400;
    const killed = await run(
      { checkpoint: '500ms' },
      { onStart: (child) => void killOnceRecorded(child, 2) },
    );
    expect(killed.exitCode).toBeNull();
    const before = await recordedNames();
    expect(before.length).toBeGreaterThan(1);
    expect(before.length).toBeLessThan(16);
    // The changelog waits for the end: the next run names what the killed one recorded.
    expect(await changelogNames()).toEqual([]);
    await expectRecordIsTrue();
    target.pushed.length = 0;
    slowness = 0;
    const next = await run({ checkpoint: '500ms' });
    expect(next.outputs).toMatchObject({ complete: 'true', unchanged: String(before.length) });
    expect(target.pushed.filter((name) => before.includes(name))).toEqual([]);
    await expectAllMirrored();
    expect((await changelogNames()).toSorted()).toEqual(names(16));
    expect(github.violations).toEqual([]);
  });
});

describe('a cancelled job', () => {
  it.each(['registry', 'docker'])('records what is done and cleans up: engine %s', async (engine) => {
    await pushToSource(names(20));
    slowness = 300;
    let cancelled = 0;
    const run1 = await run(
      { engine },
      {
        onStart: (child) => {
          child.on('close', () => (cancelled = performance.now() - cancelled));
          // The first line about a copied image.
          child.stdout?.on('data', (text: Buffer) => {
            if (cancelled > 0 || !text.includes(' → ')) return;
            cancelled = performance.now();
            cancel(child);
          });
        },
      },
    );
    expect(cancelled).toBeLessThan(5000);
    expect(run1.exitCode).toBe(1);
    expect(run1.log).toContain('The run was cancelled');
    const done = Number(run1.outputs['added']);
    expect(done).toBeGreaterThan(0);
    expect(run1.outputs).toMatchObject({ complete: 'false', failed: '0', pending: String(20 - done) });
    expect(await recordedNames()).toHaveLength(done);
    await expectRecordIsTrue();
    expect(run1.leftovers).toEqual([]);
    expect(dockerd.images()).toEqual([]);
    slowness = 0;
    await run();
    await expectAllMirrored();
  });
});

describe('a run that is killed at any time', () => {
  const MOMENTS = 50;

  it('is repaired by the next one', { timeout: 600_000 }, async () => {
    const moments = fc.sample(
      fc.record({
        engine: fc.constantFrom('registry', 'registry', 'docker'),
        signal: fc.constantFrom('SIGINT' as const, 'SIGKILL' as const),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { numRuns: MOMENTS, seed: 20_261_124 },
    );
    let ended = 0;
    for (const [index, { engine, signal, part }] of moments.entries()) {
      // One tag moves and two are new; the images of earlier rounds stay.
      await pushToSource([`moving:latest`, `image-${index}:v1`, `image-${index}:v2`], String(index));
      slowness = 30;
      const after = (engine === 'docker' ? 3000 : 2200) * part;
      const killed = await run(
        { engine, checkpoint: '100ms' },
        {
          onStart: (child) =>
            void setTimeout(() => (signal === 'SIGINT' ? cancel(child) : child.kill(signal)), after),
        },
      );
      if (killed.exitCode !== 0) ended += 1;
      expect(killed.leftovers).toEqual([]);
      await expectRecordIsTrue();
      const before = await recordedNames();
      const isMoved = (await targetDigest('moving', 'latest')) === sourceImages.get('moving:latest')?.digest;
      const right = new Set(before.filter((name) => name !== 'moving:latest' || isMoved));
      target.pushed.length = 0;
      slowness = 0;
      const next = await run();
      expect(next.exitCode === 0 ? '' : next.log).toBe('');
      expect(target.pushed.filter((name) => right.has(name))).toEqual([]);
      await expectAllMirrored();
    }
    // Most runs were still active when they were killed.
    expect(ended).toBeGreaterThan(MOMENTS / 2);
  });
});
