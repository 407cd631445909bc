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
 * Keeps a target's blob locations in GitHub's cache. A key can't be written twice: each run saves under a new key and restores the
 * newest key with the same prefix.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching
 *
 * @param tempFolder must be the same in every run: a cache entry belongs to the paths that it was saved from
 */
export function createBlobCache(target: string, tempFolder: string, logger: Logger): BlobLocationStore {
  const prefix = `sync-action-blobs-1-${createHash('sha256').update(target).digest('hex').slice(0, 16)}-`;
  const folder = join(tempFolder, 'sync-action-blobs');
  const file = join(folder, 'locations.txt');
  const attempt = async <T>(what: string, fallback: T, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      logger.info(`Blob locations could not be ${what} GitHub's cache: ${String(error)}`);
      return fallback;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  return {
    load: async () =>
      attempt('read from', [], async () => {
        // Loaded only when needed: it is most of the bundle.
        const { isFeatureAvailable, restoreCache } = await import('@actions/cache');
        if (!isFeatureAvailable()) return [];
        const key = await restoreCache([folder], `${prefix}none`, [prefix]);
        return key === undefined ? [] : decodeBlobLocations(await readFile(file, 'utf8'));
      }),
    save: async (locations) =>
      attempt('saved in', undefined, async () => {
        const { isFeatureAvailable, saveCache } = await import('@actions/cache');
        if (!isFeatureAvailable()) return;
        await mkdir(folder, { recursive: true });
        await writeFile(file, encodeBlobLocations(locations));
        await saveCache([folder], `${prefix}${randomUUID()}`);
      }),
  };
}
