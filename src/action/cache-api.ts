import type { CacheApi } from './blob-cache.ts';
import { logger } from './logger.ts';

/** What the runner sets where there is a cache service, of version 2 and 1. */
const SERVICE_VARIABLES = ['ACTIONS_RESULTS_URL', 'ACTIONS_CACHE_URL'];

let isReported = false;

/**
 * Loads @actions/cache. It is half of the bundle, and only needed by runs that have something to copy or to recheck. Says once if
 * there is no cache service, as on a GitHub Enterprise Server that has no storage for it.
 *
 * @returns undefined if there is no cache service
 */
export async function loadCacheApi(): Promise<CacheApi | undefined> {
  if (SERVICE_VARIABLES.some((name) => (process.env[name] ?? '') !== '')) {
    const api = await import('@actions/cache');
    if (api.isFeatureAvailable()) return api;
  }
  if (!isReported) {
    isReported = true;
    logger.info(
      'GitHub\'s cache is not available on this runner: the run sends more requests. "cache: false" removes this line',
    );
  }
  return undefined;
}
