import type { CacheApi } from './blob-cache.ts';
import { logger } from './logger.ts';

let isReported = false;

/**
 * Loads @actions/cache. It is half of the bundle, and only needed by runs that have something to copy or to recheck. Says once if
 * there is no cache service, as on a GitHub Enterprise Server that has no storage for it.
 */
export async function loadCacheApi(): Promise<CacheApi> {
  const api = await import('@actions/cache');
  if (!isReported && !api.isFeatureAvailable()) {
    isReported = true;
    logger.info(
      'GitHub\'s cache is not available on this runner: the run sends more requests. "cache: false" removes this line',
    );
  }
  return api;
}
