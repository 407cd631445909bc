import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CacheApi, BlobCache } from '../../../src/action/blob-cache.ts';
import type { BlobLocation } from '../../../src/copy/registry/blob-locations.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';

let temp: string;
let time: number;
/** Number of pauses between attempts. */
let sleeps: number;
let entries: Map<string, string>;
/** Keys that a job has reserved without an entry. */
let reserved: Set<string>;

beforeEach(async () => {
  temp = await mkdtemp(join(tmpdir(), 'blob-cache-'));
  time = Date.parse('2026-11-26T03:00:00Z');
  sleeps = 0;
  [entries, reserved] = [new Map(), new Set()];
});
afterEach(async () => {
  await rm(temp, { recursive: true });
});

/** GitHub's cache: an entry can't be changed, and only the newest one with a prefix is restored. */
const cache: CacheApi = {
  async restoreCache([folder = ''], _, [prefix = '']) {
    await setImmediate();
    const key = Array.from(entries.keys()).findLast((one) => one.startsWith(prefix));
    if (key === undefined) return undefined;
    await mkdir(folder, { recursive: true });
    await setImmediate();
    await writeFile(join(folder, 'locations.txt'), entries.get(key) ?? '');
    return key;
  },
  async saveCache([folder = ''], key) {
    const text = await readFile(join(folder, 'locations.txt'), 'utf8');
    if (reserved.has(key)) return -1;
    reserved.add(key);
    await setImmediate();
    entries.set(key, text);
    return entries.size;
  },
};

function open({
  registry = 'docker.io',
  job = 'job',
  loadApi = async (): Promise<CacheApi | undefined> => Promise.resolve(cache),
  abort = new AbortController().signal,
} = {}): BlobCache {
  return new BlobCache({
    registry,
    tempFolder: join(temp, job),
    logger: silentLogger,
    sleep: async (ms) => {
      sleeps += 1;
      await setTimeout(ms / 100);
    },
    random: Math.random,
    now: () => new Date(time),
    loadApi,
    abort,
  });
}

/** Locations of `count` blobs in one repository. */
function locationsOf(repository: string, count: number): BlobLocation[] {
  return Array.from({ length: count }, (_, number) => [digest(number), repository]);
}

/** One job: loads, finds `news`, and saves. */
async function run(news: readonly BlobLocation[], job = 'job'): Promise<readonly BlobLocation[]> {
  const store = open({ job });
  const loaded = await store.load();
  await store.save([...loaded, ...news]);
  return loaded;
}

describe('BlobCache', () => {
  it('returns the locations of earlier runs', async () => {
    await run(locationsOf('a', 3));
    await run(locationsOf('b', 2));
    expect(new Set(await open().load())).toEqual(new Set([...locationsOf('a', 3), ...locationsOf('b', 2)]));
    expect(await readdir(join(temp, 'job'))).toEqual([]);
  });

  it('keeps the targets of a run apart, which are loaded and saved at the same time', async () => {
    const registries = Array.from({ length: 10 }, (_, number) => `registry-${number}.example`);
    const load = async (): Promise<(readonly BlobLocation[])[]> =>
      Promise.all(registries.map(async (registry) => open({ registry }).load()));
    await Promise.all(
      registries.map(async (registry, number) => open({ registry }).save(locationsOf(`r${number}`, 5))),
    );
    for (let repeats = 0; repeats < 5; repeats += 1)
      expect(await load()).toEqual(registries.map((_, number) => locationsOf(`r${number}`, 5)));
  });

  it('gathers the locations of a matrix whose jobs all end at the same time, with one entry each', async () => {
    const jobs = Array.from({ length: 20 }, (_, number) => `job-${number}`);
    await Promise.all(jobs.map(async (job) => run(locationsOf(job, 150), job)));
    const known = await open().load();
    expect(known).toHaveLength(3000);
    expect(new Set(known.map(([, repository]) => repository))).toEqual(new Set(jobs));
    expect(entries.size).toBe(20);
  });

  it('saves few news only when the newest entry is not of today', async () => {
    await run(locationsOf('a', 1000));
    await run(locationsOf('b', 5));
    expect(entries.size).toBe(1);
    time += 24 * 60 * 60_000;
    await run(locationsOf('c', 5));
    await run(locationsOf('d', 5));
    expect(entries.size).toBe(2);
    expect(await open().load()).toHaveLength(1005);
  });

  it('saves nothing without news', async () => {
    await run(locationsOf('a', 3));
    time += 48 * 60 * 60_000;
    await run(locationsOf('a', 3));
    expect(entries.size).toBe(1);
  });

  it('drops locations that the run has found to be wrong', async () => {
    await run(locationsOf('a', 3));
    const store = open();
    const [first, ...others] = await store.load();
    await store.save([...others, [digest(9), 'a']]);
    const known = await open().load();
    expect(known).toHaveLength(3);
    expect(known).not.toContainEqual(first);
  });

  it('continues when a job has reserved a key and ended without its entry', async () => {
    await run(locationsOf('a', 3));
    const [key = ''] = entries.keys();
    reserved.add(key.replace(/1$/, '2'));
    await run(locationsOf('b', 3));
    expect(await open().load()).toHaveLength(6);
  });

  it('gives up soon when the cache saves nothing', async () => {
    const store = open({
      loadApi: async () => Promise.resolve({ ...cache, saveCache: async () => Promise.resolve(-1) }),
    });
    await store.save(locationsOf('a', 3));
    expect(sleeps).toBeLessThanOrEqual(4);
  });

  it.each(['restoreCache', 'saveCache'])('holds up no run that was aborted: %s stalls', async (method) => {
    const stalls = { ...cache, [method]: async () => new Promise<never>(() => undefined) };
    const store = open({ loadApi: async () => Promise.resolve(stalls), abort: AbortSignal.timeout(100) });
    expect(await store.load()).toEqual([]);
    await store.save(locationsOf('a', 1));
  });

  it('never fails a run', async () => {
    const fail = async (): Promise<never> => Promise.reject(new Error('no cache'));
    const failing = { ...cache, restoreCache: fail, saveCache: fail };
    const store = open({ loadApi: async () => Promise.resolve(failing) });
    expect(await store.load()).toEqual([]);
    await store.save(locationsOf('a', 1));
    expect(await open({ loadApi: async () => Promise.resolve(undefined) }).load()).toEqual([]);
    // Nothing can be written to, or removed from, a folder that is a file.
    await writeFile(join(temp, 'file'), '');
    const stuck = open({ job: 'file' });
    expect(await stuck.load()).toEqual([]);
    await stuck.save(locationsOf('a', 1));
  });
});
