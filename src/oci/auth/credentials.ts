import * as v from 'valibot';
import {
  type DockerAuth,
  type DockerConfig,
  credentialServer,
  entryFor,
  readDockerConfig,
} from './docker-config.ts';

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

/** What a lookup may depend on, besides the registry. */
export interface LookupOptions {
  /** The repository that is accessed; absent for the registry as a whole. */
  readonly repository?: string;
  /** True after a refusal: files are read again, and helpers are called again. */
  readonly refresh?: boolean;
}

/** Looks up the credential of a registry by its canonical name; undefined means anonymous. */
export type CredentialLookup = (registry: string, options?: LookupOptions) => Promise<Credential | undefined>;

/** Runs `docker-credential-<helper> get` with `server` on stdin, and returns its exit code and stdout. */
export type RunHelper = (helper: string, server: string) => Promise<{ exitCode: number; stdout: string }>;

const HelperAnswer = v.object({ Username: v.string(), Secret: v.string() });

/** A file of credentials: docker's config.json, or podman's auth.json. */
export interface AuthFile {
  /** Returns an empty config when there is no file. */
  readonly read: () => Promise<DockerConfig>;
  /** Names it in error messages. */
  readonly name: string;
}

/**
 * Looks up credentials in a file as docker does, where docker/login-action puts them: a helper for this host, else the
 * `auths` entry, else the helper for all hosts.
 * https://docs.docker.com/reference/cli/docker/login/#configure-the-credential-store
 *
 * @throws Error naming the file when it has another form, or a helper that fails
 */
export function authFileCredentials(file: AuthFile, runHelper: RunHelper): CredentialLookup {
  let config: Promise<DockerConfig> | undefined;
  const answers = new Map<string, Promise<Credential | undefined>>();
  return async (registry, { repository, refresh = false } = {}) => {
    const server = credentialServer(registry);
    if (refresh) {
      config = undefined;
      answers.delete(server);
    }
    const ask = async (helper: string): Promise<Credential | undefined> => {
      const answer = answers.get(server) ?? askHelper(runHelper, helper, server);
      answers.set(server, answer);
      return answer;
    };
    const { auths, credHelpers, credsStore } = await (config ??= file.read());
    const ownHelper = entryFor(credHelpers ?? {}, registry);
    if (ownHelper) return ask(ownHelper);
    const auth = entryFor(auths ?? {}, registry, repository);
    return (auth && fromAuth(auth, file.name)) ?? (credsStore ? ask(credsStore) : undefined);
  };
}

/** Looks up credentials in `folder`/config.json. */
export function dockerConfigCredentials(folder: string, runHelper: RunHelper): CredentialLookup {
  const file = { read: async () => readDockerConfig(folder), name: 'the docker config' };
  return authFileCredentials(file, runHelper);
}

/** Asks several lookups in turn; the first credential counts. */
export function firstCredential(lookups: readonly CredentialLookup[]): CredentialLookup {
  return async (registry, options) => {
    for (const lookup of lookups) {
      const credential = await lookup(registry, options);
      if (credential) return credential;
    }
    return undefined;
  };
}

/** As for docker, `auth` comes before `username` and `password`. */
function fromAuth(auth: DockerAuth, providedBy: string): Credential | undefined {
  const [, user, secret] = /^([^:]*):([\s\S]*)$/.exec(decodeBase64(auth.auth ?? '')) ?? [];
  const username = user ?? auth.username ?? '';
  const password = secret?.replace(/\0+$/, '') ?? auth.password ?? '';
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
