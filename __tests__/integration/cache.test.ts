import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeImage, pushImage } from '../support/fixtures/images.ts';
import { type CacheService, startCacheService } from '../support/github/cache-service.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import type { TestServer } from '../support/network/http.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { type RunOutcome, runAction } from '../support/run/runner.ts';

let source: MemoryRegistry;
let target: TestServer;
let github: GitHubStandIn;
let cache: CacheService;
let temp: string;

beforeAll(async () => {
  source = await startMemoryRegistry({ google: true });
  target = await startDockerRegistry();
  github = await startGitHub({ 'octo/meta': {} });
  cache = await startCacheService();
  temp = await mkdtemp(join(tmpdir(), 'runner-temp-'));
});
afterAll(async () => {
  await Promise.all([cache, github, target, source].map((server) => server.close()));
  await rm(temp, { recursive: true });
});

const SHARED = { layers: [700_000], layerSeeds: ['the base that all share'] };

async function mirror(to = target): Promise<RunOutcome> {
  return runAction({
    inputs: {
      namespaces: `${source.host}/ns`,
      target: `${to.host}/mirror`,
      engine: 'registry',
      'manifest-path': `${to.host}.json`,
      'changelog-path': '',
    },
    apiUrl: github.url,
    token: TOKENS.write,
    // A cache entry is bound to the path of the temporary folder, which a runner keeps for all its runs.
    env: { ...cache.env, RUNNER_TEMP: temp },
  });
}

it('mounts blobs that an earlier run sent to another repository', async () => {
  await pushImage(source.url, 'ns/one', ['v1'], makeImage({ seed: 'one', ...SHARED }));
  const first = await mirror();
  expect(first.outputs).toMatchObject({ added: '1', complete: 'true' });
  expect(Number(first.outputs['bytes'])).toBeGreaterThan(700_000);
  expect(cache.entries.size).toBe(1);

  await pushImage(source.url, 'ns/two', ['v1'], makeImage({ seed: 'two', ...SHARED }));
  const second = await mirror();
  expect(second.outputs).toMatchObject({ added: '1', unchanged: '1', complete: 'true' });
  expect(Number(second.outputs['bytes'])).toBeLessThan(2000);

  // A run with nothing to do neither reads nor writes the cache.
  const entries = cache.entries.size;
  expect((await mirror()).outputs['changed']).toBe('false');
  expect(cache.entries.size).toBe(entries);
});

it('mirrors all the same when the cache service can not be reached', async () => {
  await pushImage(source.url, 'ns/three', ['v1'], makeImage({ seed: 'three' }));
  const broken = await runAction({
    inputs: { namespaces: `${source.host}/ns/three`, target: `${target.host}/other`, engine: 'registry' },
    apiUrl: github.url,
    token: TOKENS.write,
    env: { ...cache.env, ACTIONS_RESULTS_URL: 'http://127.0.0.1:1/' },
  });
  expect(broken.outputs).toMatchObject({ added: '1', complete: 'true' });
  expect(broken.exitCode).toBe(0);
});

it('rechecks the tags of all days since the last run', async () => {
  const plain = await startMemoryRegistry();
  try {
    const tags = Array.from({ length: 20 }, (_, index) => `v1.0.${index}`);
    await pushImage(plain.url, 'ns/app', tags, makeImage({ seed: 'app' }));
    const run = async (inputs: Record<string, string> = {}): Promise<number> => {
      plain.requests.length = 0;
      const { exitCode, outputs } = await runAction({
        inputs: {
          namespaces: `${plain.host}/ns/app`,
          target: `${target.host}/rechecked`,
          engine: 'registry',
          'changelog-path': '',
          ...inputs,
        },
        apiUrl: github.url,
        token: TOKENS.write,
        env: { ...cache.env, RUNNER_TEMP: temp },
      });
      expect([exitCode, outputs['complete']]).toEqual([0, 'true']);
      return plain.requests.filter(({ method }) => method === 'HEAD').length;
    };
    const days = (): string[] =>
      Array.from(cache.entries.keys()).filter((name) => name.includes('sync-action-rechecks-1-'));
    expect(await run({ 'dry-run': 'true' })).toBe(20);
    expect(days()).toEqual([]);
    expect(await run()).toBe(20);
    expect(days()).toEqual([expect.stringMatching(/-\d{5}$/)]);
    // Another run of the day: all tags of its days were rechecked.
    expect(await run()).toBe(0);
    // The same entry, as of thirty days ago.
    const [today = ''] = days();
    const content = cache.entries.get(today) ?? Buffer.alloc(0);
    cache.entries.delete(today);
    cache.entries.set(
      today.replace(/\d+$/, (day) => String(Number(day) - 30)),
      content,
    );
    expect(await run({ 'dry-run': 'true' })).toBe(20);
  } finally {
    await plain.close();
  }
});
