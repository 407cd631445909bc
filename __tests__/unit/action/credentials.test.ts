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

/** The target of the inputs is docker.io; the docker config has accounts for the registries in `config`. */
function sources(
  { source, target }: { source?: Credential; target?: Credential } = {},
  registries: readonly string[] = [],
  config: readonly string[] = [],
  github: Credential | undefined = GITHUB,
  podman: readonly string[] = [],
): CredentialSources {
  return {
    inputs: {
      credentials: { source, target },
      registryAuth: new Map(registries.map((registry) => [registry, account('registry-auth')])),
      targetLogin: 'docker.io',
    },
    dockerConfig: async (registry) => (config.includes(registry) ? account('docker config') : undefined),
    podman: async (registry, { repository } = {}) =>
      podman.some((key) => key === registry || key === `${registry}/${repository}`)
        ? account('podman')
        : undefined,
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
    ['those of the inputs first', sources(INPUTS, ALL, ALL), 'docker.io', ['source input', 'target input']],
    ['those of the target input for the target only', sources(INPUTS), 'gcr.io', ['source input', undefined]],
    [
      'those of registry-auth next, in both roles',
      sources({}, ALL, ALL),
      'docker.io',
      ['registry-auth', 'registry-auth'],
    ],
    [
      'those of the docker config next',
      sources({}, ['gcr.io'], ALL),
      'ghcr.io',
      ['docker config', 'docker config'],
    ],
    ['those of podman next', sources({}, [], [], GITHUB, ['ghcr.io']), 'ghcr.io', ['podman', 'podman']],
    [
      'those of docker before those of podman',
      sources({}, [], ALL, GITHUB, ALL),
      'gcr.io',
      ['docker config', 'docker config'],
    ],
    ["GitHub's token last, for ghcr.io", sources(), 'ghcr.io', ['octo', 'octo']],
    ['no token of GitHub for another host', sources(), 'docker.io', [undefined, undefined]],
    ['no token of GitHub for a host with a similar name', sources(), 'x.ghcr.io', [undefined, undefined]],
    ['no token of GitHub Enterprise', { ...sources(), github: undefined }, 'ghcr.io', [undefined, undefined]],
  ])('finds credentials: %s', async (_, from, registry, expected) => {
    expect(await usernames(from, registry)).toEqual(expected);
  });
});

const PLACES = ['gcr.io', 'ghcr.io', 'gcr.io'].map((registry) => ({ registry, path: 'ns' }));

describe('loginsFor', () => {
  it.each([
    ['the inputs', 'source', sources(INPUTS), { 'gcr.io': 'source input', 'ghcr.io': 'source input' }],
    ['registry-auth', 'source', sources({}, ['gcr.io'], ['ghcr.io']), { 'gcr.io': 'registry-auth' }],
    ["GitHub's token", 'source', sources(), { 'ghcr.io': 'octo' }],
    ['nothing, if the docker config has an account for ghcr.io', 'source', sources({}, [], ['ghcr.io']), {}],
    [
      'podman, which docker does not find',
      'source',
      sources({}, [], ['gcr.io'], undefined, ALL),
      { 'ghcr.io': 'podman' },
    ],
    [
      'a path',
      'source',
      sources({}, [], [], undefined, ['gcr.io/ns']),
      { 'gcr.io': 'podman', 'ghcr.io': 'octo' },
    ],
    ['the target', 'target', sources(INPUTS, ['gcr.io']), { 'gcr.io': 'registry-auth', 'ghcr.io': 'octo' }],
  ] as const)('has the logins of %s', async (_, role, from, expected) => {
    const logins = await loginsFor(role, PLACES, from);
    expect(
      Object.fromEntries(Array.from(logins, ([registry, { username }]) => [registry, username])),
    ).toEqual(expected);
  });
});

describe('githubCredential', () => {
  it('is a fallback with the name of the user who started the workflow', () => {
    const providedBy = 'the input github-token';
    expect(GITHUB).toEqual({ username: 'octo', password: 'ghs_token', providedBy, fallback: true });
    expect(githubCredential('t', undefined).username).toBe('x-access-token');
    expect(githubCredential('t', '').username).toBe('x-access-token');
  });
});
