import { stringify } from 'yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Inputs } from '../../../src/inputs/inputs.ts';
import type { MatrixEntry } from '../../../src/mirror/matrix.ts';
import { compare } from '../../../src/modes/compare.ts';
import { monitor } from '../../../src/modes/monitor.ts';
import { plan } from '../../../src/modes/plan.ts';
import { sync } from '../../../src/modes/sync.ts';
import { type TestDeps, testDeps } from '../../support/fixtures/deps.ts';
import { makeImage, makeIndex, pushImage } from '../../support/fixtures/images.ts';
import { loadTestInputs } from '../../support/fixtures/inputs.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';

/** Lists through all modes: a source, two targets, and a list with names, platforms, filters and a digest. */
let source: MemoryRegistry;
let one: MemoryRegistry;
let two: MemoryRegistry;
let deps: TestDeps;
let digest: string;

beforeEach(async () => {
  [source, one, two] = await Promise.all([
    startMemoryRegistry(),
    startMemoryRegistry(),
    startMemoryRegistry(),
  ]);
  deps = testDeps();
  for (const name of ['org/a:v1', 'org/a:v2', 'org/b:1.0.0', 'org/b:2.0.0', 'org/b:latest', 'c:v1']) {
    const [repository = '', tag = ''] = name.split(':');
    await pushImage(source.url, repository, [tag], makeImage({ seed: name }));
  }
  const platforms = ['linux/amd64', 'linux/arm64'].map((platform) => makeImage({ seed: platform, platform }));
  await pushImage(source.url, 'org/index', ['v1'], makeIndex(platforms));
  digest = source.store.manifest('c', 'v1')?.digest ?? '';
  forgetRequests();
});
afterEach(async () => {
  await Promise.all([source, one, two].map(async (server) => server.close()));
});

function forgetRequests(): void {
  for (const { requests } of [source, one, two]) requests.length = 0;
}

function list(more: readonly object[] = []): string {
  const from = source.host;
  return stringify({
    defaults: { target: [`${one.host}/x`, `${two.host}/y`] },
    images: [
      { source: `${from}/org/a`, tags: ['v1', 'v2'], name: ['{image}', 'also/{name}'] },
      { source: `${from}/org/b`, semver: '>=2' },
      { source: `${from}/c@${digest}`, target: `${one.host}/x` },
      { source: `${from}/org/index:v1`, platforms: 'linux/arm64', name: 'arm' },
      ...more,
    ],
  });
}

const inputs = async (given: Record<string, string> = {}, more: readonly object[] = []): Promise<Inputs> =>
  loadTestInputs({ engine: 'registry', 'dry-run': 'false', ...given }, list(more));

/** `repository:tag` of all that the targets have. */
function mirrored(): string[] {
  const names = [one, two].flatMap(({ store }, index) =>
    store
      .repositoryNames()
      .flatMap((repository) => store.tags(repository).map((tag) => `${index + 1} ${repository}:${tag}`)),
  );
  return names.toSorted();
}

const ALL = ['1 x', '2 y'].flatMap((place) =>
  ['a:v1', 'a:v2', 'also/a:v1', 'also/a:v2', 'arm:v1', 'b:2.0.0'].map((name) => `${place}/${name}`),
);

/** What a job is told by its entry of the matrix, as examples/list.yml does. */
function jobInputs(entry: MatrixEntry): Record<string, string> {
  return {
    namespaces: entry.namespace,
    images: entry.list ?? '',
    target: entry.target ?? '',
    include: entry.images,
    exclude: entry.exclude,
    'shard-index': entry['shard-index'],
    'shard-total': String(entry['shard-total']),
  };
}

describe('a list', () => {
  it('is mirrored, and its second run sends nothing', async () => {
    const first = await sync(await inputs(), deps);
    expect(first.namespaces.flatMap(({ failures }) => failures)).toEqual([]);
    expect(mirrored()).toEqual(ALL.toSorted());
    expect(one.store.manifest('x/c', digest)?.digest).toBe(digest);
    expect(two.store.has('y/c')).toBe(false);
    const arm = one.store.manifest('x/arm', 'v1');
    expect(arm?.digest).not.toBe(source.store.manifest('org/index', 'v1')?.digest);
    expect(Array.from(deps.metadata.files.keys()).toSorted()).toEqual(
      [
        'CHANGELOG.md',
        `${one.host}/x/${source.host}.json`,
        ...[`${one.host}/x`, `${two.host}/y`].map((target) => `${target}/${source.host}/org.json`),
      ].toSorted(),
    );
    forgetRequests();
    const second = await sync(await inputs(), deps);
    expect(second.namespaces.flatMap(({ copied, gone }) => [...copied, ...gone])).toEqual([]);
    expect([one, two].flatMap(({ requests }) => requests)).toEqual([]);
    // The tags that may have moved, and the list that the filters need.
    expect(source.requests.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
      [
        'GET /v2/org/b/tags/list',
        'HEAD /v2/org/a/manifests/v1',
        'HEAD /v2/org/a/manifests/v2',
        'HEAD /v2/org/index/manifests/v1',
      ].toSorted(),
    );
  });

  it.each(['20', '1'])(
    'is spread over jobs by a plan of at most %s, which mirror all of it',
    async (most) => {
      const planned = await plan(await inputs({ mode: 'plan', 'max-shards': most, 'job-time': '1ms' }), deps);
      const entries = planned.matrix?.include ?? [];
      expect(entries.length).toBe(most === '1' ? 1 : 4);
      for (const entry of entries) {
        const result = await sync(await inputs(jobInputs(entry)), deps);
        expect(result.namespaces.flatMap(({ failures, gone }) => [...failures, ...gone])).toEqual([]);
      }
      expect(mirrored()).toEqual(ALL.toSorted());
      expect(one.store.manifest('x/c', digest)).toBeDefined();
      const after = await plan(await inputs({ mode: 'plan' }), deps);
      expect(after.matrix).toEqual({ include: [] });
    },
  );

  it('says in a dry run what it would do, and does nothing', async () => {
    const result = await sync(await inputs({ 'dry-run': 'true' }), deps);
    const added = result.namespaces.flatMap(({ copied }) => copied.map((image) => image.target));
    expect(new Set(added)).toContain(`${two.host}/y/also/a`);
    expect(mirrored()).toEqual([]);
    expect(deps.metadata.files.size).toBe(0);
  });

  it('is adopted and audited by compare, and counted by monitor', async () => {
    await sync(await inputs(), deps);
    deps.metadata.files.clear();
    const adopted = await compare(await inputs({ mode: 'compare' }), deps);
    expect(adopted.namespaces.reduce((sum, result) => sum + result.adopted, 0)).toBe(
      // Without what was reduced to a platform: its digest at the target proves nothing.
      ALL.length + 1 - 2,
    );
    await sync(await inputs(), deps);
    const watched = await monitor(await inputs({ mode: 'monitor' }), deps);
    const counts = watched.namespaces.map(({ unchanged, pending }) => `${unchanged} and ${pending}`);
    expect(counts.toSorted()).toEqual(['1 and 0', '6 and 0', '6 and 0']);
  });

  it('refuses names that collide before anything is copied, and mirrors the rest', async () => {
    const collision = { source: `${source.host}/c:v1`, name: 'a', target: `${two.host}/y` };
    const result = await sync(await inputs({}, [collision]), deps);
    const failures = result.namespaces.flatMap((one_) => one_.failures);
    // All tags of these two differ but one.
    expect(failures.map(({ image, tags }) => `${image} ${tags.join()}`).toSorted()).toEqual([
      'a v1,v2',
      'c as a v1',
    ]);
    expect(failures[0]?.reason).toMatch(/would both go to .*\/y\/a\. Give them different names/);
    expect(mirrored()).toEqual(ALL.filter((name) => !name.startsWith('2 y/a:')).toSorted());
  });

  it('names what the source does not have, and mirrors the rest', async () => {
    const missing = [
      { source: `${source.host}/org/a:v9`, target: `${one.host}/x` },
      { source: `${source.host}/nowhere/b`, semver: '>=1', target: `${one.host}/x` },
    ];
    const result = await sync(await inputs({}, missing), deps);
    const failures = result.namespaces.flatMap(({ namespace, failures: some }) =>
      some.map(({ image, tags, reason }) => `${namespace}/${image}:${tags.join()} ${reason}`),
    );
    expect(failures.toSorted()).toEqual([
      expect.stringMatching(/\/nowhere\/b: .*does not exist, is private, or has no tags/),
      expect.stringMatching(/\/org\/a:v9 .*has no such tag/),
    ]);
    expect(mirrored()).toEqual(ALL.toSorted());
  });
});
