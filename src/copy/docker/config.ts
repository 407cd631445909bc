import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as v from 'valibot';

const Config = v.looseObject({ credHelpers: v.optional(v.nullable(v.record(v.string(), v.string()))) });

/** What docker looks for beside config.json. */
const SHARED_FOLDERS = ['cli-plugins', 'contexts'];

/**
 * Makes `folder` a docker configuration that starts from the user's: the same logins, helpers, proxies, plugins and
 * contexts. For `loginServers` the credential helpers are switched off, so that a login there is written into
 * `folder` and the user's own store is never changed.
 */
export async function createConfig(
  folder: string,
  userFolder: string,
  loginServers: readonly string[],
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const config = await readUserConfig(join(userFolder, 'config.json'));
  if (loginServers.length > 0) {
    const off = Object.fromEntries(loginServers.map((server) => [server, '']));
    config.credHelpers = { ...config.credHelpers, ...off };
  }
  await writeFile(join(folder, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  await Promise.all(
    SHARED_FOLDERS.map(async (name) => symlink(resolve(userFolder, name), join(folder, name), 'dir')),
  );
}

async function readUserConfig(path: string): Promise<v.InferOutput<typeof Config>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Config), text);
  if (parsed.success) return parsed.output;
  throw new Error(`${path} is not a docker config: log in again with docker/login-action or docker login`);
}

/** The key under which docker keeps the credentials of `registry`. */
export function credentialServer(registry: string): string {
  return registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
}
