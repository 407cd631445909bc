import type { Inputs } from '../inputs/inputs.ts';
import { type Credential, type CredentialLookup, dockerConfigCredentials } from '../oci/auth/credentials.ts';
import { definedEnv, dockerConfigFolder, isGitHubDotCom } from './environment.ts';
import { exec } from './exec.ts';

/** What a registry is asked for: a registry that is both has two accounts. */
export type Role = 'source' | 'target';

/** Where the accounts of a run come from. */
export interface CredentialSources {
  readonly inputs: Pick<Inputs, 'credentials' | 'registryAuth' | 'targetLogin'>;
  readonly dockerConfig: CredentialLookup;
  /** GitHub's token as an account of ghcr.io; absent where it is another GitHub's. */
  readonly github: Credential | undefined;
}

/** The one registry that GitHub's token is an account of. */
const GITHUB_REGISTRY = 'ghcr.io';

/**
 * GitHub's token as an account of its container registry: what is used there when nobody gave another.
 *
 * @param actor whoever set off the workflow; any name does
 */
export function githubCredential(token: string, actor: string | undefined): Credential {
  const providedBy = 'the input github-token';
  return { username: actor || 'x-access-token', password: token, providedBy, fallback: true };
}

/** The account of a registry in one role: from the inputs, else from the docker config, else GitHub's token. */
export function credentialLookup(role: Role, sources: CredentialSources): CredentialLookup {
  const { inputs, dockerConfig, github } = sources;
  return async (registry) =>
    given(role, registry, inputs) ??
    (await dockerConfig(registry)) ??
    (registry === GITHUB_REGISTRY ? github : undefined);
}

/** The accounts that docker must be told of for `registries`; what its config has it finds itself. */
export async function loginsFor(
  role: Role,
  registries: Iterable<string>,
  sources: CredentialSources,
): Promise<Map<string, Credential>> {
  const { inputs, dockerConfig, github } = sources;
  const logins = new Map<string, Credential>();
  for (const registry of new Set(registries)) {
    const credential = given(role, registry, inputs);
    if (credential) logins.set(registry, credential);
    else if (github && registry === GITHUB_REGISTRY && !(await dockerConfig(registry)))
      logins.set(registry, github);
  }
  return logins;
}

/** `username` belongs to one registry, `source-username` to all sources. */
function given(
  role: Role,
  registry: string,
  { credentials, registryAuth, targetLogin }: CredentialSources['inputs'],
): Credential | undefined {
  const own = role === 'source' || registry === targetLogin ? credentials[role] : undefined;
  return own ?? registryAuth.get(registry);
}

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
