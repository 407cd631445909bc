import * as v from 'valibot';
import { canonicalHost } from '../names.ts';
import { type DockerAuth, type DockerConfig, credentialServer, readDockerConfig } from './docker-config.ts';

/** An account of one registry, and where it came from, for error messages. */
export interface Credential {
  readonly username: string;
  readonly password: string;
  /** A refresh token (`identitytoken`); then `password` is empty. */
  readonly identityToken?: string;
  /** `the inputs username and password`, `the docker config`, `docker-credential-gcr`. */
  readonly providedBy: string;
  /** True when the user did not configure it for this registry: reads that it is refused for are retried without it. */
  readonly fallback?: boolean;
}

/** Looks up the credential of a registry by its canonical name; undefined means anonymous. */
export type CredentialLookup = (registry: string) => Promise<Credential | undefined>;

/** Runs `docker-credential-<helper> get` with `server` on stdin, and returns its exit code and stdout. */
export type RunHelper = (helper: string, server: string) => Promise<{ exitCode: number; stdout: string }>;

const HelperAnswer = v.object({ Username: v.string(), Secret: v.string() });

/**
 * Looks up credentials in `folder`/config.json as docker does, where docker/login-action puts them: a helper for this host,
 * else the `auths` entry, else the helper for all hosts. Hosts match exactly.
 * https://docs.docker.com/reference/cli/docker/login/#configure-the-credential-store
 *
 * @throws Error naming the file when it is not a docker config
 */
export function dockerConfigCredentials(folder: string, runHelper: RunHelper): CredentialLookup {
  let config: Promise<DockerConfig> | undefined;
  return async (registry) => {
    const { auths, credHelpers, credsStore } = await (config ??= readDockerConfig(folder));
    const server = credentialServer(registry);
    const ownHelper = byHost(credHelpers ?? {}, registry);
    if (ownHelper) return askHelper(runHelper, ownHelper, server);
    const auth = byHost(auths ?? {}, registry);
    return (auth && fromAuth(auth)) ?? (credsStore ? askHelper(runHelper, credsStore, server) : undefined);
  };
}

/** Keys are hosts, or URLs in older files: `gcr.io`, `https://gcr.io`, `https://index.docker.io/v1/`. */
function byHost<T>(entries: Record<string, T>, registry: string): T | undefined {
  for (const [key, value] of Object.entries(entries)) {
    const host = key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
    if (canonicalHost(host) === registry) return value;
  }
  return undefined;
}

function fromAuth(auth: DockerAuth): Credential | undefined {
  const [, user, secret] = /^([^:]*):([\s\S]*)$/.exec(decodeBase64(auth.auth ?? '')) ?? [];
  const username = auth.username ?? user ?? '';
  const password = auth.password ?? secret?.replace(/\0+$/, '') ?? '';
  const providedBy = 'the docker config';
  if (auth.identitytoken) return { username, password: '', identityToken: auth.identitytoken, providedBy };
  return username === '' && password === '' ? undefined : { username, password, providedBy };
}

function decodeBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

/** https://github.com/docker/docker-credential-helpers#development */
async function askHelper(run: RunHelper, helper: string, server: string): Promise<Credential | undefined> {
  const providedBy = `docker-credential-${helper}`;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(helper)) {
    throw new Error('The docker config names a credential helper that is not a program name');
  }
  const { exitCode, stdout } = await run(helper, server).catch((error: unknown) => {
    throw new Error(
      `${providedBy}, which the docker config names for ${server}, can't be started: install it, or remove it from the config`,
      { cause: error },
    );
  });
  if (exitCode !== 0) {
    if (/credentials not found/i.test(stdout)) return undefined;
    throw new Error(
      `${providedBy} ended with exit code ${exitCode} for ${server}: run it by hand to see why`,
    );
  }
  const answer = v.safeParse(v.pipe(v.string(), v.parseJson(), HelperAnswer), stdout);
  if (!answer.success)
    throw new Error(`${providedBy} printed no Username and Secret for ${server}: run it by hand to see why`);
  const { Username: username, Secret: secret } = answer.output;
  if (username === '' && secret === '') return undefined;
  return username === '<token>'
    ? { username, password: '', identityToken: secret, providedBy }
    : { username, password: secret, providedBy };
}
