import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobLocation,
  type BlobLocationStore,
  decodeBlobLocations,
  encodeBlobLocations,
} from '../copy/registry/blob-locations.ts';
import type { Logger } from '../oci/logger.ts';
import type { Sleep } from '../oci/sleep.ts';

/** What this module needs of @actions/cache. */
export interface CacheApi {
  restoreCache(paths: string[], key: string, restoreKeys: string[]): Promise<string | undefined>;
  /** Returns -1 when the key is taken. */
  saveCache(paths: string[], key: string): Promise<number>;
}

export interface BlobCacheOptions {
  /** The host of the target registry. */
  readonly registry: string;
  /** Must be the same in every run: a cache entry belongs to the paths that it was saved from. */
  readonly tempFolder: string;
  readonly logger: Logger;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly now: () => Date;
  /** Aborted when the run must only record what it has done. */
  readonly abort: AbortSignal;
  /** Resolves with undefined if there is no cache service. */
  readonly loadApi: () => Promise<CacheApi | undefined>;
}

/** The newest entry of a target in the cache. */
interface CacheEntry {
  /** 0 when there is no entry. */
  readonly generation: number;
  readonly locations: readonly BlobLocation[];
  /** Milliseconds since the epoch. */
  readonly savedAt: number;
}

/** News are saved when they are at least this part of what is known, */
const WORTHWHILE_PART = 0.01;
/** or when the newest entry is at least this old. */
const MAX_AGE_MS = 20 * 60 * 60_000;
/** Number of attempts to save when other jobs save at the same time: one of them succeeds each time. */
const MAX_SAVES = 20;
/** After this many attempts without a new entry, the job that has taken the key is assumed to have ended without its entry. */
const MAX_BLOCKED_SAVES = 3;
/** The longest pause before another attempt: the other job's entry can be restored once it is uploaded. */
const MAX_PAUSE_MS = 4000;

/**
 * Keeps the blob locations of one target registry in GitHub's cache.
 *
 * An entry can't be changed, and only the newest one with a prefix can be restored. All jobs of a matrix save: if each saved what it
 * knows, the next run would restore the knowledge of one job. Therefore entries form a chain: a job restores the newest entry, adds
 * its own locations, and saves them as the next generation. When another job was faster, the key is taken, and it starts again. So
 * the newest entry has the locations of all jobs before it. A job with few news does not save them as long as the newest entry is
 * fresh: the cache is limited, and a lost location only means that a blob is sent again.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching
 */
export class BlobCache implements BlobLocationStore {
  readonly #options: BlobCacheOptions;
  readonly #prefix: string;
  /** Of this target alone: several targets are loaded and saved at the same time. */
  readonly #folder: string;
  readonly #file: string;
  #loaded: readonly BlobLocation[] = [];

  constructor(options: BlobCacheOptions) {
    const target = createHash('sha256').update(options.registry).digest('hex').slice(0, 16);
    this.#options = options;
    this.#prefix = `sync-action-blobs-2-${target}-`;
    this.#folder = join(options.tempFolder, `sync-action-blobs-${target}`);
    this.#file = join(this.#folder, 'locations.txt');
  }

  async load(): Promise<readonly BlobLocation[]> {
    return this.#attempt('read from', [], async (api) => {
      this.#loaded = (await this.#restore(api)).locations;
      return this.#loaded;
    });
  }

  async save(locations: readonly BlobLocation[]): Promise<void> {
    await this.#attempt('saved in', undefined, async (api) => {
      let [generation, blocked] = [-1, 0];
      for (let saves = 0; saves < MAX_SAVES; saves += 1) {
        const newest = await this.#restore(api);
        const merged = this.#merge(newest.locations, locations);
        if (!this.#isWorthSaving(newest, merged)) return;
        blocked = newest.generation === generation ? blocked + 1 : 0;
        // Not even the key after that could be saved: the cache itself refuses.
        if (blocked > MAX_BLOCKED_SAVES) return;
        ({ generation } = newest);
        const next = generation + 1 + Math.floor(blocked / MAX_BLOCKED_SAVES);
        if (await this.#store(api, merged, next)) return;
        await this.#options.sleep(this.#options.random() * MAX_PAUSE_MS);
      }
    });
  }

  /** `newest` with the locations that this run has found, and without those that it has found to be wrong. */
  #merge(newest: readonly BlobLocation[], known: readonly BlobLocation[]): BlobLocation[] {
    const byKey = new Map(newest.map((location) => [location.join(' '), location]));
    const current = new Map(known.map((location) => [location.join(' '), location]));
    for (const location of this.#loaded)
      if (!current.has(location.join(' '))) byKey.delete(location.join(' '));
    for (const [key, location] of current) byKey.set(key, location);
    return Array.from(byKey.values());
  }

  #isWorthSaving({ locations, savedAt }: CacheEntry, merged: readonly BlobLocation[]): boolean {
    const saved = new Set(locations.map((location) => location.join(' ')));
    const news = merged.filter((location) => !saved.has(location.join(' '))).length;
    if (news === 0) return false;
    const isOld = this.#options.now().getTime() - savedAt >= MAX_AGE_MS;
    return isOld || news >= locations.length * WORTHWHILE_PART;
  }

  async #restore(api: CacheApi): Promise<CacheEntry> {
    await rm(this.#folder, { recursive: true, force: true });
    const key = await api.restoreCache([this.#folder], `${this.#prefix}none`, [this.#prefix]);
    if (key === undefined) return { generation: 0, locations: [], savedAt: 0 };
    const text = await readFile(this.#file, 'utf8');
    return {
      generation: Number(/-(\d{1,9})$/.exec(key)?.[1] ?? 0),
      locations: decodeBlobLocations(text),
      savedAt: Date.parse(/^# saved (\S+)\n/.exec(text)?.[1] ?? '') || 0,
    };
  }

  /** @returns false when the key is taken */
  async #store(api: CacheApi, locations: readonly BlobLocation[], generation: number): Promise<boolean> {
    await mkdir(this.#folder, { recursive: true });
    const header = `# saved ${this.#options.now().toISOString()}\n`;
    await writeFile(this.#file, header + encodeBlobLocations(locations));
    return (await api.saveCache([this.#folder], `${this.#prefix}${generation}`)) !== -1;
  }

  /** The cache may stall for minutes, and nothing can interrupt it: a run that was aborted does not wait for it. */
  async #attempt<T>(what: string, fallback: T, work: (api: CacheApi) => Promise<T>): Promise<T> {
    const { abort } = this.#options;
    if (abort.aborted) return fallback;
    const aborted = Promise.withResolvers<T>();
    const leave = (): void => aborted.resolve(fallback);
    abort.addEventListener('abort', leave);
    try {
      return await Promise.race([this.#try(what, fallback, work), aborted.promise]);
    } finally {
      abort.removeEventListener('abort', leave);
    }
  }

  /** The cache only saves requests: its failures are logged, and never fail a run. */
  async #try<T>(what: string, fallback: T, work: (api: CacheApi) => Promise<T>): Promise<T> {
    const { loadApi, logger } = this.#options;
    try {
      const api = await loadApi();
      return api ? await work(api) : fallback;
    } catch (error) {
      logger.info(`Blob locations could not be ${what} GitHub's cache: ${String(error)}`);
      return fallback;
    } finally {
      await rm(this.#folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}
