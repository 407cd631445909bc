import { describe, expect, it } from 'vitest';
import {
  type CredentialSources,
  credentialLookup,
  githubCredential,
  loginsFor,
} from '../../../src/action/credentials.ts';
import type { Credential } from '../../../src/oci/auth/credentials.ts';

const account = (name: string): Credential => ({ username: name, password: 'p', providedBy: name });
const GITHUB = githubCredential('ghs_token', 'octo');

/** The inputs' target is docker.io; the docker config has accounts of `config`. */
function sources(
  { source, target }: { source?: Credential; target?: Credential } = {},
  registries: readonly string[] = [],
  config: readonly string[] = [],
  github: Credential | undefined = GITHUB,
): CredentialSources {
  return {
    inputs: {
      credentials: { source, target },
      registryAuth: new Map(registries.map((registry) => [registry, account('registry-auth')])),
      targetLogin: 'docker.io',
    },
    dockerConfig: async (registry) => (config.includes(registry) ? account('docker config') : undefined),
    github,
  };
}

async function usernames(from: CredentialSources, registry: string): Promise<(string | undefined)[]> {
  const found = [
    await credentialLookup('source', from)(registry),
    await credentialLookup('target', from)(registry),
  ];
  return found.map((credential) => credential?.username);
}

const INPUTS = { source: account('source input'), target: account('target input') };
const ALL = ['docker.io', 'gcr.io', 'ghcr.io'];

describe('credentialLookup', () => {
  it.each([
    ['the inputs first', sources(INPUTS, ALL, ALL), 'docker.io', ['source input', 'target input']],
    ['the input of the target at the target alone', sources(INPUTS), 'gcr.io', ['source input', undefined]],
    [
      'then registry-auth, in both roles',
      sources({}, ALL, ALL),
      'docker.io',
      ['registry-auth', 'registry-auth'],
    ],
    ['then the docker config', sources({}, ['gcr.io'], ALL), 'ghcr.io', ['docker config', 'docker config']],
    ["then GitHub's token at ghcr.io", sources(), 'ghcr.io', ['octo', 'octo']],
    ["not GitHub's token anywhere else", sources(), 'docker.io', [undefined, undefined]],
    ['nor at a host that only looks alike', sources(), 'x.ghcr.io', [undefined, undefined]],
    ['no token of another GitHub', { ...sources(), github: undefined }, 'ghcr.io', [undefined, undefined]],
  ])('takes %s', async (_, from, registry, expected) => {
    expect(await usernames(from, registry)).toEqual(expected);
  });
});

describe('loginsFor', () => {
  it.each([
    ['the inputs', 'source', sources(INPUTS), { 'gcr.io': 'source input', 'ghcr.io': 'source input' }],
    ['registry-auth', 'source', sources({}, ['gcr.io'], ['ghcr.io']), { 'gcr.io': 'registry-auth' }],
    ["GitHub's token", 'source', sources(), { 'ghcr.io': 'octo' }],
    ['no token where the docker config has an account', 'source', sources({}, [], ['ghcr.io']), {}],
    ['the target', 'target', sources(INPUTS, ['gcr.io']), { 'gcr.io': 'registry-auth', 'ghcr.io': 'octo' }],
  ] as const)('has those of %s', async (_, role, from, expected) => {
    const logins = await loginsFor(role, ['gcr.io', 'ghcr.io', 'gcr.io'], from);
    expect(
      Object.fromEntries(Array.from(logins, ([registry, { username }]) => [registry, username])),
    ).toEqual(expected);
  });
});

describe('githubCredential', () => {
  it('is one that nobody gave, of whoever set off the workflow', () => {
    const providedBy = 'the input github-token';
    expect(GITHUB).toEqual({ username: 'octo', password: 'ghs_token', providedBy, fallback: true });
    expect(githubCredential('t', undefined).username).toBe('x-access-token');
    expect(githubCredential('t', '').username).toBe('x-access-token');
  });
});
