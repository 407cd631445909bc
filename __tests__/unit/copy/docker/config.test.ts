import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createConfig } from '../../../../src/copy/docker/config.ts';

vi.mock(import('node:fs/promises'), { spy: true });

let temp: string;
beforeEach(async () => {
  temp = await fs.mkdtemp(join(tmpdir(), 'docker-config-'));
});
afterEach(async () => {
  vi.clearAllMocks();
  vi.restoreAllMocks();
  await fs.rm(temp, { recursive: true });
});

describe('createConfig', () => {
  it("starts from the user's configuration, without credential helpers for the servers of a login", async () => {
    const user = join(temp, 'user');
    await fs.mkdir(join(user, 'contexts'), { recursive: true });
    await fs.writeFile(join(user, 'contexts', 'x'), 'context');
    const config = { credHelpers: { 'gcr.io': 'gcloud', 'a.io': 'ecr' }, proxies: { default: {} } };
    await fs.writeFile(join(user, 'config.json'), JSON.stringify(config));
    const own = join(temp, 'own');
    await createConfig(own, user, ['gcr.io']);
    expect(JSON.parse(await fs.readFile(join(own, 'config.json'), 'utf8'))).toEqual({
      ...config,
      credHelpers: { 'gcr.io': '', 'a.io': 'ecr' },
    });
    expect(await fs.readFile(join(own, 'contexts', 'x'), 'utf8')).toBe('context');
  });

  it.each([
    ['win32', 'junction'],
    ['linux', 'dir'],
  ] as const)('links folders on %s as %s', async (platform, type) => {
    vi.spyOn(process, 'platform', 'get').mockReturnValue(platform);
    await createConfig(join(temp, 'own'), join(temp, 'user'), []);
    expect(vi.mocked(fs.symlink).mock.calls.map((call) => call[2])).toEqual([type, type]);
  });

  it.skipIf(process.platform === 'win32')('can be read by its owner alone', async () => {
    await createConfig(join(temp, 'own'), join(temp, 'user'), []);
    const modes = await Promise.all(
      ['own', 'own/config.json'].map(async (name) => (await fs.stat(join(temp, name))).mode & 0o777),
    );
    expect(modes).toEqual([0o700, 0o600]);
  });
});
