import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type CredentialSources,
  credentialLookup,
  credentialSources,
  githubCredential,
  loginsFor,
} from '../../../src/action/credentials.ts';
import type { Credential } from '../../../src/oci/auth/credentials.ts';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';

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
    environment: async () => undefined,
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

describe('credentialSources', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('reads DOCKER_AUTH_CONFIG before the docker config, and logs docker in with it', async () => {
    const auth = Buffer.from('env:secret').toString('base64');
    vi.stubEnv('DOCKER_CONFIG', '/nonexistent');
    vi.stubEnv('DOCKER_AUTH_CONFIG', JSON.stringify({ auths: { 'a.io': { auth } }, credsStore: 'x' }));
    const found = credentialSources(parseTestInputs({}));
    expect(await credentialLookup('source', found)('a.io')).toMatchObject({ username: 'env' });
    expect(await found.environment('b.io')).toBeUndefined();
    const logins = await loginsFor('source', [{ registry: 'a.io', path: 'ns' }], found);
    expect(logins.get('a.io')?.providedBy).toBe('the variable DOCKER_AUTH_CONFIG');
  });

  it('names a DOCKER_AUTH_CONFIG that is not a docker config, and shows nothing of it', async () => {
    vi.stubEnv('DOCKER_AUTH_CONFIG', 's3cret-text');
    const failing = credentialSources(parseTestInputs({})).environment('a.io');
    await expect(failing).rejects.toThrow('the variable DOCKER_AUTH_CONFIG is not a docker config');
    await expect(failing).rejects.not.toThrow('s3cret');
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
