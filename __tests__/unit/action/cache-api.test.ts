import { afterEach, expect, it, vi } from 'vitest';
import { loadCacheApi } from '../../../src/action/cache-api.ts';
import { captureStdout } from '../../support/run/stdout.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

it('says once that there is no cache service, and nothing where there is one', async () => {
  vi.stubEnv('GITHUB_SERVER_URL', 'https://github.com');
  vi.stubEnv('ACTIONS_CACHE_SERVICE_V2', 'true');
  vi.stubEnv('ACTIONS_RESULTS_URL', 'http://127.0.0.1:1/');
  expect(await captureStdout(loadCacheApi)).toBe('');
  // GitHub Enterprise Server has version 1 of the service, if any.
  vi.stubEnv('GITHUB_SERVER_URL', 'https://github.example');
  vi.stubEnv('ACTIONS_CACHE_URL', '');
  expect(await captureStdout(loadCacheApi)).toMatch(/^GitHub's cache is not available on this runner: /);
  expect(await captureStdout(loadCacheApi)).toBe('');
});
