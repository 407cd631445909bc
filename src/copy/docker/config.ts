import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readDockerConfig } from '../../oci/auth/docker-config.ts';

/** Folders that docker reads beside config.json. */
const SHARED_FOLDERS = ['cli-plugins', 'contexts'];

/**
 * Creates a docker configuration in `folder` that starts from the user's: the same logins, helpers, proxies, plugins and contexts.
 * Credential helpers are disabled for `loginServers`, so that a login there is written into `folder` and never into the user's own
 * store.
 */
export async function createConfig(
  folder: string,
  userFolder: string,
  loginServers: readonly string[],
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const config = await readDockerConfig(userFolder);
  if (loginServers.length > 0) {
    const off = Object.fromEntries(loginServers.map((server) => [server, '']));
    config.credHelpers = { ...config.credHelpers, ...off };
  }
  await writeFile(join(folder, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  // On Windows only administrators may create other links.
  const type = process.platform === 'win32' ? 'junction' : 'dir';
  await Promise.all(
    SHARED_FOLDERS.map(async (name) => symlink(resolve(userFolder, name), join(folder, name), type)),
  );
}
