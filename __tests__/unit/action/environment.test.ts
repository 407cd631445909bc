import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  apiUrl,
  definedEnv,
  dockerConfigFolder,
  hasColors,
  homeFolder,
  isGitHubDotCom,
  tempFolder,
} from '../../../src/action/environment.ts';
import { podmanCredentials } from '../../../src/action/podman.ts';

vi.mock(import('node:os'), { spy: true });

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the environment', () => {
  it.each([
    ['', 'https://api.github.com', true],
    ['https://api.github.com', 'https://api.github.com', true],
    ['https://api.github.com/', 'https://api.github.com/', true],
    ['https://API.GitHub.com', 'https://API.GitHub.com', true],
    ['https://api.github.com.example', 'https://api.github.com.example', false],
    ['https://github.example/api/v3', 'https://github.example/api/v3', false],
  ])('names the API of GitHub in GITHUB_API_URL: %j', (value, url, isDotCom) => {
    vi.stubEnv('GITHUB_API_URL', value);
    expect([apiUrl(), isGitHubDotCom()]).toEqual([url, isDotCom]);
  });

  it.each([
    ['true', '', true],
    ['true', '1', false],
    ['', '', false],
  ])('has colours with GITHUB_ACTIONS %j and NO_COLOR %j: %j', (actions, noColor, expected) => {
    vi.stubEnv('GITHUB_ACTIONS', actions);
    vi.stubEnv('NO_COLOR', noColor);
    // Tests run without a terminal.
    expect(isatty(1)).toBe(false);
    expect(hasColors()).toBe(expected);
  });

  it.each([
    ['DOCKER_CONFIG', dockerConfigFolder, join(homedir(), '.docker')],
    ['RUNNER_TEMP', tempFolder, tmpdir()],
  ])('names a folder in %s, which has a default', (name, read, fallback) => {
    vi.stubEnv(name, '/set');
    expect(read()).toBe('/set');
    vi.stubEnv(name, '');
    expect(read()).toBe(fallback);
  });

  it('has the root folder as the home of a user without one', () => {
    vi.mocked(homedir).mockImplementation(() => {
      throw new Error('uv_os_homedir returned ENOENT');
    });
    vi.stubEnv('DOCKER_CONFIG', '');
    expect([homeFolder(), dockerConfigFolder()]).toEqual([resolve('/'), resolve('/.docker')]);
    vi.stubEnv('REGISTRY_AUTH_FILE', '');
    vi.stubEnv('XDG_CONFIG_HOME', '');
    expect(() => podmanCredentials(async () => ({ exitCode: 1, stdout: '' }))).not.toThrow();
    vi.mocked(homedir).mockReset();
  });

  it('is passed on without variables that are not set', () => {
    vi.stubEnv('SYNC_ACTION_SET', 'x');
    vi.stubEnv('SYNC_ACTION_UNSET', undefined);
    const env = definedEnv();
    expect(env['SYNC_ACTION_SET']).toBe('x');
    expect(env).not.toHaveProperty('SYNC_ACTION_UNSET');
  });
});
