import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CacheApi } from '../../../src/action/blob-cache.ts';
import { CachedRecheckDays, recheckKey } from '../../../src/action/recheck-days.ts';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';

let temp: string;
let keys: string[];

beforeEach(async () => {
  temp = await mkdtemp(join(tmpdir(), 'recheck-days-'));
  keys = [];
});
afterEach(async () => {
  await rm(temp, { recursive: true });
});

/** GitHub's cache: an entry can't be changed, and only the newest one with a prefix is restored. */
const cache: CacheApi = {
  restoreCache: async (_, __, [prefix = '']) =>
    Promise.resolve(keys.findLast((key) => key.startsWith(prefix))),
  saveCache: async ([folder = ''], key) => {
    // What is saved must exist.
    await readFile(join(folder, 'day.txt'), 'utf8');
    if (keys.includes(key)) return -1;
    return keys.push(key);
  },
};

function open(key = 'aaaa', api: Partial<CacheApi> | null = {}, lines: string[] = []): CachedRecheckDays {
  return new CachedRecheckDays({
    key,
    tempFolder: temp,
    logger: { ...silentLogger, info: (line) => lines.push(line) },
    loadApi: async () => Promise.resolve(api === null ? undefined : { ...cache, ...api }),
  });
}

describe('CachedRecheckDays', () => {
  it('returns the day of the last run, and none before the first', async () => {
    expect(await open().load()).toBe('none');
    await open().save(20_417);
    await open().save(20_418);
    await open().save(20_418);
    expect(await open().load()).toBe(20_418);
    expect(keys).toEqual(['sync-action-rechecks-1-aaaa-20417', 'sync-action-rechecks-1-aaaa-20418']);
    expect(await open('bbbb').load()).toBe('none');
    await expect(access(join(temp, 'sync-action-rechecks-aaaa'))).rejects.toThrow('ENOENT');
  });

  it('does not know the day without a cache', async () => {
    const days = open('aaaa', null);
    await days.save(20_417);
    expect([await days.load(), keys]).toEqual(['unknown', []]);
  });

  it('fails no run when the cache fails', async () => {
    const lines: string[] = [];
    const refuse = async (): Promise<never> => Promise.reject(new Error('503'));
    const days = open('aaaa', { restoreCache: refuse, saveCache: refuse }, lines);
    await days.save(20_417);
    expect(await days.load()).toBe('unknown');
    expect(lines).toEqual([
      "The day of the last recheck could not be saved in GitHub's cache: Error: 503",
      "The day of the last recheck could not be read from GitHub's cache: Error: 503",
    ]);
  });
});

describe('recheckKey', () => {
  const keyOf = (given: Record<string, string> = {}): string => recheckKey(parseTestInputs(given));

  it('is equal for equal inputs, and another for other tags or records', () => {
    expect(keyOf()).toMatch(/^[0-9a-f]{16}$/);
    expect(keyOf()).toBe(keyOf({ concurrency: '7' }));
    const others = [
      { namespaces: 'gcr.io/other' },
      { target: 'docker.io/other' },
      { include: 'a' },
      { 'shard-index': '1', 'shard-total': '2' },
      { 'manifest-path': 'x/{registry}/{namespace}.json' },
    ].map((given) => keyOf(given));
    expect(new Set([keyOf(), ...others]).size).toBe(6);
  });

  it("is the plan's in the plan's jobs", () => {
    const job = { 'recheck-day': 20_417, 'recheck-last': 20_410, 'recheck-key': '0123456789abcdef' };
    expect(keyOf({ 'job-matrix': JSON.stringify(job), include: 'a' })).toBe('0123456789abcdef');
  });
});
