import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Inputs } from '../inputs/inputs.ts';
import { formatNamespace } from '../mirror/namespace.ts';
import type { LastRecheck, RecheckDays } from '../mirror/recheck.ts';
import type { Logger } from '../oci/logger.ts';
import type { CacheApi } from './blob-cache.ts';

export interface CachedRecheckDaysOptions {
  /** Names the runs that share their days. */
  readonly key: string;
  /** Must be the same in every run: a cache entry belongs to the paths that it was saved from. */
  readonly tempFolder: string;
  readonly logger: Logger;
  /** Resolves with undefined if there is no cache service. */
  readonly loadApi: () => Promise<CacheApi | undefined>;
}

/** Keeps the days of runs that rechecked tags in GitHub's cache: one entry per day, whose key says the day. */
export class CachedRecheckDays implements RecheckDays {
  readonly key: string;
  readonly #options: CachedRecheckDaysOptions;
  readonly #prefix: string;
  readonly #folder: string;

  constructor(options: CachedRecheckDaysOptions) {
    this.key = options.key;
    this.#options = options;
    this.#prefix = `sync-action-rechecks-1-${options.key}-`;
    this.#folder = join(options.tempFolder, `sync-action-rechecks-${options.key}`);
  }

  async load(): Promise<LastRecheck> {
    return this.#attempt<LastRecheck>('read from', 'unknown', async (api) => {
      const key = await api.restoreCache([this.#folder], `${this.#prefix}none`, [this.#prefix]);
      const [, day] = /-(\d{1,9})$/.exec(key ?? '') ?? [];
      return day === undefined ? 'none' : Number(day);
    });
  }

  async save(day: number): Promise<void> {
    await this.#attempt('saved in', undefined, async (api) => {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(join(this.#folder, 'day.txt'), `${day}\n`);
      // A taken key is another job's, which has saved the same day.
      await api.saveCache([this.#folder], `${this.#prefix}${day}`);
    });
  }

  /** Without the cache other tags are rechecked: its failures are logged, and never fail a run. */
  async #attempt<T>(what: string, fallback: T, work: (api: CacheApi) => Promise<T>): Promise<T> {
    const { loadApi, logger } = this.#options;
    try {
      const api = await loadApi();
      return api ? await work(api) : fallback;
    } catch (error) {
      logger.info(`The day of the last recheck could not be ${what} GitHub's cache: ${String(error)}`);
      return fallback;
    } finally {
      await rm(this.#folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

/** Equal for runs that recheck the same tags. The jobs of a plan share the plan's. */
export function recheckKey({ namespaces, include, exclude, metadata, shard, recheckTurn }: Inputs): string {
  if (recheckTurn?.key !== undefined) return recheckTurn.key;
  const { owner, repo, branch, manifestPath } = metadata;
  const places = namespaces.map(({ namespace, target, list = [] }) =>
    `${formatNamespace(namespace)} → ${formatNamespace(target)} ${list.map(({ image }) => image).join(' ')}`.trim(),
  );
  const parts = [places, include, exclude, owner, repo, branch ?? '', manifestPath, shard];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
