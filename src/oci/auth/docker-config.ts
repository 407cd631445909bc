import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';

const Auth = v.looseObject({
  auth: v.optional(v.string()),
  username: v.optional(v.string()),
  password: v.optional(v.string()),
  identitytoken: v.optional(v.string()),
});

const DockerConfig = v.looseObject({
  auths: v.optional(v.nullable(v.record(v.string(), v.nullable(Auth)))),
  credHelpers: v.optional(v.nullable(v.record(v.string(), v.string()))),
  credsStore: v.optional(v.nullable(v.string())),
});
const ConfigFile = v.pipe(
  v.string(),
  v.parseJson(),
  v.check((json) => !Array.isArray(json)),
  DockerConfig,
);
/** A docker config.json. Fields that are not named here are kept unchanged. */
export type DockerConfig = v.InferOutput<typeof DockerConfig>;
/** One entry of `auths`. */
export type DockerAuth = v.InferOutput<typeof Auth>;

/**
 * Reads `folder`/config.json. A missing file is an empty config.
 *
 * @throws Error naming the file when it is not a docker config
 */
export async function readDockerConfig(folder: string): Promise<DockerConfig> {
  const path = join(folder, 'config.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
  const parsed = v.safeParse(ConfigFile, text);
  if (parsed.success) return parsed.output;
  // The parser's message is not passed on: it may quote a secret.
  throw new Error(`${path} is not a docker config: log in again with docker/login-action or docker login`);
}

/** The key under which docker and its credential helpers keep the credentials of `registry`. */
export function credentialServer(registry: string): string {
  return registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
}
