import type { Inputs } from '../inputs/inputs.ts';
import {
  type Credential,
  type CredentialLookup,
  type RunHelper,
  authFileCredentials,
  dockerConfigCredentials,
  firstCredential,
} from '../oci/auth/credentials.ts';
import { type DockerConfig, parseAuthFile } from '../oci/auth/docker-config.ts';
import { definedEnv, dockerConfigFolder, isGitHubDotCom } from './environment.ts';
import { exec } from './exec.ts';
import { podmanCredentials } from './podman.ts';

/** What a registry is used as. One that is both source and target may have two accounts. */
export type Role = 'source' | 'target';

/** Where the accounts of a run come from. */
export interface CredentialSources {
  readonly inputs: Pick<Inputs, 'credentials' | 'registryAuth' | 'targetLogin'>;
  /** The variable `DOCKER_AUTH_CONFIG`, which docker reads before its config since version 28.3. */
  readonly environment: CredentialLookup;
  readonly dockerConfig: CredentialLookup;
  /** podman's auth.json, for what the docker config does not have. */
  readonly podman: CredentialLookup;
  /** GitHub's token as an account of ghcr.io; undefined on GitHub Enterprise. */
  readonly github: Credential | undefined;
}

/** The only registry that accepts GitHub's token. */
const GITHUB_REGISTRY = 'ghcr.io';

/**
 * GitHub's token as an account of its container registry, for when no other credential is configured.
 *
 * @param actor the user who started the workflow; the registry accepts any name
 */
export function githubCredential(token: string, actor: string | undefined): Credential {
  const providedBy = 'the input github-token';
  return { username: actor || 'x-access-token', password: token, providedBy, fallback: true };
}

/**
 * Finds the account of a registry in one role: from the inputs, or else DOCKER_AUTH_CONFIG, the docker config, podman's
 * auth.json, or GitHub's token.
 */
export function credentialLookup(role: Role, sources: CredentialSources): CredentialLookup {
  const { inputs, github } = sources;
  const files = firstCredential([sources.environment, sources.dockerConfig, sources.podman]);
  return async (registry, options) =>
    inputCredential(role, registry, inputs) ??
    (await files(registry, options)) ??
    (registry === GITHUB_REGISTRY ? github : undefined);
}

/** A registry, and the path in it that a run reads or writes. */
export interface LoginPlace {
  readonly registry: string;
  readonly path: string;
}

/**
 * The accounts with which docker must log in at `places`. Those that docker finds in its own config need no login; it
 * finds accounts of a host there, but no account of a path, and does not read podman's file.
 */
export async function loginsFor(
  role: Role,
  places: Iterable<LoginPlace>,
  sources: CredentialSources,
): Promise<Map<string, Credential>> {
  const { inputs, environment, dockerConfig } = sources;
  const lookup = credentialLookup(role, sources);
  const logins = new Map<string, Credential>();
  for (const { registry, path } of places) {
    if (logins.has(registry)) continue;
    const isFoundByDocker =
      !inputCredential(role, registry, inputs) &&
      !(await environment(registry)) &&
      (await dockerConfig(registry)) !== undefined;
    const credential = isFoundByDocker ? undefined : await lookup(registry, { repository: path });
    if (credential) logins.set(registry, credential);
  }
  return logins;
}

/** The account from the inputs: `username` is for one registry, `source-username` for all sources. */
function inputCredential(
  role: Role,
  registry: string,
  { credentials, registryAuth, targetLogin }: CredentialSources['inputs'],
): Credential | undefined {
  const own = role === 'source' || registry === targetLogin ? credentials[role] : undefined;
  return own ?? registryAuth.get(registry);
}

/** https://docs.docker.com/reference/cli/docker/#environment-variables */
function environmentCredentials(): CredentialLookup {
  const name = 'the variable DOCKER_AUTH_CONFIG';
  // Helpers are for files: the variable has accounts only.
  const read = async (): Promise<DockerConfig> => {
    const { auths } = parseAuthFile(process.env['DOCKER_AUTH_CONFIG'] ?? '', name);
    return { auths };
  };
  return authFileCredentials({ read, name }, runHelper);
}

const runHelper: RunHelper = async (helper, server) =>
  exec(`docker-credential-${helper}`, ['get'], { env: definedEnv(), input: server });

/** Where the accounts of a run with these inputs come from. */
export function credentialSources(inputs: Inputs): CredentialSources {
  return {
    inputs,
    dockerConfig: dockerConfigCredentials(dockerConfigFolder(), runHelper),
    environment: environmentCredentials(),
    podman: podmanCredentials(runHelper),
    github: isGitHubDotCom()
      ? githubCredential(inputs.metadata.token, process.env['GITHUB_ACTOR'])
      : undefined,
  };
}
