import type { Inputs } from '../inputs/inputs.ts';
import { type Credential, type CredentialLookup, dockerConfigCredentials } from '../oci/auth/credentials.ts';
import { definedEnv, dockerConfigFolder, isGitHubDotCom } from './environment.ts';
import { exec } from './exec.ts';

/** What a registry is used as. One that is both source and target may have two accounts. */
export type Role = 'source' | 'target';

/** Where the accounts of a run come from. */
export interface CredentialSources {
  readonly inputs: Pick<Inputs, 'credentials' | 'registryAuth' | 'targetLogin'>;
  readonly dockerConfig: CredentialLookup;
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

/** Finds the account of a registry in one role: from the inputs, or else the docker config, or else GitHub's token. */
export function credentialLookup(role: Role, sources: CredentialSources): CredentialLookup {
  const { inputs, dockerConfig, github } = sources;
  return async (registry) =>
    inputCredential(role, registry, inputs) ??
    (await dockerConfig(registry)) ??
    (registry === GITHUB_REGISTRY ? github : undefined);
}

/** The accounts with which docker must log in to `registries`. Those of its own config it finds without a login. */
export async function loginsFor(
  role: Role,
  registries: Iterable<string>,
  sources: CredentialSources,
): Promise<Map<string, Credential>> {
  const { inputs, dockerConfig, github } = sources;
  const logins = new Map<string, Credential>();
  for (const registry of new Set(registries)) {
    const credential = inputCredential(role, registry, inputs);
    if (credential) logins.set(registry, credential);
    else if (github && registry === GITHUB_REGISTRY && !(await dockerConfig(registry)))
      logins.set(registry, github);
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

/** Where the accounts of a run with these inputs come from. */
export function credentialSources(inputs: Inputs): CredentialSources {
  return {
    inputs,
    dockerConfig: dockerConfigCredentials(dockerConfigFolder(), async (helper, server) =>
      exec(`docker-credential-${helper}`, ['get'], { env: definedEnv(), input: server }),
    ),
    github: isGitHubDotCom()
      ? githubCredential(inputs.metadata.token, process.env['GITHUB_ACTOR'])
      : undefined,
  };
}
