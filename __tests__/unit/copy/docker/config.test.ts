import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConfig } from '../../../../src/copy/docker/config.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docker-config-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function create(user: unknown, loginServers: readonly string[], name = 'own'): Promise<unknown> {
  const [own, users] = [join(folder, name), join(folder, 'user')];
  await mkdir(join(users, 'contexts'), { recursive: true });
  await writeFile(join(users, 'contexts', 'one'), 'a context');
  await writeFile(join(users, 'config.json'), JSON.stringify(user));
  await createConfig(own, users, loginServers);
  return JSON.parse(await readFile(join(own, 'config.json'), 'utf8'));
}

describe('createConfig', () => {
  it("has the user's settings, and no helper for the servers that it logs in to", async () => {
    const user = { auths: { 'a.io': { auth: 'eDp5' } }, credHelpers: { 'a.io': 'x', 'b.io': 'y' } };
    expect(await create(user, [])).toEqual(user);
    expect(await create(user, ['b.io', 'c.io'], 'other')).toEqual({
      ...user,
      credHelpers: { 'a.io': 'x', 'b.io': '', 'c.io': '' },
    });
  });

  it.skipIf(process.platform === 'win32')(
    'can be read by its owner alone, and shares the contexts',
    async () => {
      await create({}, []);
      const modes = await Promise.all(
        ['own', 'own/config.json'].map(async (name) => (await stat(join(folder, name))).mode & 0o777),
      );
      expect(modes).toEqual([0o700, 0o600]);
      expect(await readFile(join(folder, 'own', 'contexts', 'one'), 'utf8')).toBe('a context');
    },
  );
});
