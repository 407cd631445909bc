import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobLocationStore,
  decodeBlobLocations,
  encodeBlobLocations,
} from '../copy/registry/blob-locations.ts';
import type { Logger } from '../oci/logger.ts';

/**
 * The memory of a target's blobs in GitHub's cache. Keys can't be written twice, so each run saves under its own and
 * restores the newest that starts alike.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching
 *
 * @param tempFolder the same in every run: a cache belongs to the paths that it was saved from
 */
export function createBlobCache(target: string, tempFolder: string, logger: Logger): BlobLocationStore {
  const prefix = `sync-action-blobs-1-${createHash('sha256').update(target).digest('hex').slice(0, 16)}-`;
  const folder = join(tempFolder, 'sync-action-blobs');
  const file = join(folder, 'holders.txt');
  const attempt = async <T>(what: string, fallback: T, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      logger.info(`What the target holds could not be ${what} GitHub's cache: ${String(error)}`);
      return fallback;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  return {
    load: async () =>
      attempt('read from', [], async () => {
        // Loaded when it is needed: it is most of the bundle.
        const { isFeatureAvailable, restoreCache } = await import('@actions/cache');
        if (!isFeatureAvailable()) return [];
        const key = await restoreCache([folder], `${prefix}none`, [prefix]);
        return key === undefined ? [] : decodeBlobLocations(await readFile(file, 'utf8'));
      }),
    save: async (holders) =>
      attempt('kept in', undefined, async () => {
        const { isFeatureAvailable, saveCache } = await import('@actions/cache');
        if (!isFeatureAvailable()) return;
        await mkdir(folder, { recursive: true });
        await writeFile(file, encodeBlobLocations(holders));
        await saveCache([folder], `${prefix}${randomUUID()}`);
      }),
  };
}
