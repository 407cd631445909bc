import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { podmanCredentials } from '../../../src/action/podman.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podman-'));
  vi.stubEnv('REGISTRY_AUTH_FILE', '');
  vi.stubEnv('XDG_RUNTIME_DIR', join(folder, 'runtime'));
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const RUNTIME = 'runtime/containers/auth.json';
const CONFIG = 'config/containers/auth.json';

async function write(path: string, ...keys: string[]): Promise<string> {
  const file = join(folder, path);
  const auth = Buffer.from(`${path}:secret`).toString('base64');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ auths: Object.fromEntries(keys.map((key) => [key, { auth }])) }));
  return file;
}

const noHelper = async (): Promise<{ exitCode: number; stdout: string }> => ({ exitCode: 1, stdout: '' });

async function usernameAt(registry: string, repository?: string): Promise<string | undefined> {
  const options = repository === undefined ? {} : { repository };
  return (await podmanCredentials(noHelper)(registry, options))?.username;
}

describe('podmanCredentials', () => {
  it('reads the file below XDG_RUNTIME_DIR, then that of the configuration', async () => {
    await write(CONFIG, 'a.io', 'b.io');
    expect(await usernameAt('a.io')).toBe(CONFIG);
    await write(RUNTIME, 'a.io');
    expect(await usernameAt('a.io')).toBe(RUNTIME);
    expect(await usernameAt('b.io')).toBe(CONFIG);
    expect(await usernameAt('c.io')).toBeUndefined();
  });

  it('reads only the file that REGISTRY_AUTH_FILE names', async () => {
    await write(RUNTIME, 'a.io', 'b.io');
    vi.stubEnv('REGISTRY_AUTH_FILE', await write('own.json', 'a.io'));
    expect(await usernameAt('a.io')).toBe('own.json');
    expect(await usernameAt('b.io')).toBeUndefined();
  });

  it('finds the account of a path for the repositories below it only', async () => {
    await write(RUNTIME, 'quay.io/ns');
    expect(await usernameAt('quay.io', 'ns/app')).toBe(RUNTIME);
    expect(await usernameAt('quay.io', 'other/app')).toBeUndefined();
    expect(await usernameAt('quay.io')).toBeUndefined();
  });

  it('names its file', async () => {
    const file = await write(RUNTIME, 'a.io');
    expect((await podmanCredentials(noHelper)('a.io'))?.providedBy).toBe(file);
    await writeFile(file, 'not json');
    await expect(podmanCredentials(noHelper)('a.io')).rejects.toThrow(file);
  });

  it('has nothing where there is no file, or a part of its path is no folder', async () => {
    expect(await usernameAt('a.io')).toBeUndefined();
    await writeFile(join(folder, 'runtime'), 'a file');
    expect(await usernameAt('a.io')).toBeUndefined();
  });
});
