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

/** The config.json of a docker configuration folder. */
export function dockerConfigFile(folder: string): string {
  return join(folder, 'config.json');
}

/**
 * Reads `folder`/config.json. A missing file is an empty config.
 *
 * @throws Error naming the file when it is not a docker config
 */
export async function readDockerConfig(folder: string): Promise<DockerConfig> {
  return readAuthFile(dockerConfigFile(folder), MISSING);
}

/** Codes of errors that mean that there is no file. */
export const MISSING: ReadonlySet<string> = new Set(['ENOENT']);

/**
 * Reads a docker config or podman's auth.json, which has the same form. As for docker, an empty file is an empty config.
 *
 * @param absent codes of the errors that mean that there is no file
 * @throws Error naming the file when it can't be read, or has another form
 */
export async function readAuthFile(path: string, absent: ReadonlySet<string>): Promise<DockerConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && absent.has(String(error.code))) return {};
    throw error;
  }
  return parseAuthFile(text, path);
}

/**
 * Reads the text of a docker config.
 *
 * @param name names the place of the text in the error
 * @throws Error with `name` when it has another form
 */
export function parseAuthFile(text: string, name: string): DockerConfig {
  if (text.trim() === '') return {};
  const parsed = v.safeParse(ConfigFile, text);
  if (parsed.success) return parsed.output;
  // The parser's message is not passed on: it may quote a secret.
  throw new Error(`${name} is not a docker config: log in again with docker/login-action or docker login`);
}

/** The key under which docker and its credential helpers keep the credentials of `registry`. */
export function credentialServer(registry: string): string {
  return registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
}

/** The names of Docker Hub in the order of precedence. */
const DOCKER_HUB_KEYS = [
  'https://index.docker.io/v1/',
  'index.docker.io',
  'docker.io',
  'registry-1.docker.io',
];
/** Forms of a host's key that old versions of docker wrote, in the order of precedence. */
const OLD_SCHEMES = ['https://', 'http://'];
const OLD_PATHS = ['', '/', '/v1/', '/v2/', '/v1', '/v2'];

/**
 * The entry for a registry, or for one of its repositories: the longest matching path that podman wrote, then the host
 * itself, then old forms of it. The order of the entries does not matter, and a path is only for the repositories below it.
 *
 * https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 *
 * @param repository absent: only entries for the whole registry
 */
export function entryFor<T>(
  entries: Readonly<Record<string, T>>,
  registry: string,
  repository?: string,
): T | undefined {
  // Keys may have capital letters; the entry that is written exactly like the key comes first.
  const lower = new Map(Object.entries(entries).map(([key, value]) => [key.toLowerCase(), value]));
  for (const key of keysFor(registry, repository)) {
    const entry = Object.hasOwn(entries, key) ? entries[key] : lower.get(key);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

function keysFor(registry: string, repository: string | undefined): string[] {
  const hosts = registry === 'docker.io' ? DOCKER_HUB_KEYS : [registry];
  const parts = repository?.split('/') ?? [];
  const paths = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
  return [
    ...paths.map((path) => `${registry}/${path}`),
    ...hosts,
    ...OLD_PATHS.flatMap((path) =>
      OLD_SCHEMES.flatMap((scheme) =>
        hosts.filter((host) => !host.includes('/')).map((host) => `${scheme}${host}${path}`),
      ),
    ),
  ];
}
