import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Credential,
  type RunHelper,
  dockerConfigCredentials,
} from '../../../../src/oci/auth/credentials.ts';

const SECRET = 'secret-pa55';
const auth = Buffer.from('user:pa:ss').toString('base64');
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docker-config-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Helpers by name: what each prints, and how it ends. */
const runHelper: RunHelper = async (helper, server) => {
  if (helper === 'none') return { exitCode: 1, stdout: 'credentials not found in native keychain\n' };
  if (helper === 'broken') return { exitCode: 2, stdout: SECRET };
  if (helper === 'silent') return { exitCode: 0, stdout: '{"Username":"","Secret":""}' };
  if (helper === 'chatty') return { exitCode: 0, stdout: `Your token is ${SECRET}` };
  const user = helper === 'token' ? '<token>' : `${helper} for ${server}`;
  return { exitCode: 0, stdout: JSON.stringify({ ServerURL: server, Username: user, Secret: 's' }) };
};

async function lookup(config: unknown, registry: string): Promise<Credential | undefined> {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  await writeFile(join(folder, 'config.json'), text);
  return dockerConfigCredentials(folder, runHelper)(registry);
}

describe('the docker config', () => {
  it.each([
    ['a host', { auths: { 'gcr.io': { auth } } }, 'gcr.io', { username: 'user', password: 'pa:ss' }],
    ['a host with a port', { auths: { 'a.io:5000': { auth } } }, 'a.io:5000', { username: 'user' }],
    ['an URL', { auths: { 'https://gcr.io/v1/': { auth } } }, 'gcr.io', { username: 'user' }],
    ['capital letters', { auths: { 'GCR.io': { auth } } }, 'gcr.io', { username: 'user' }],
    [
      'user name and password',
      { auths: { 'a.io': { username: 'x', password: 'y' } } },
      'a.io',
      { username: 'x', password: 'y' },
    ],
    [
      'an identity token',
      { auths: { 'a.io': { auth, identitytoken: 'refresh' } } },
      'a.io',
      { identityToken: 'refresh', password: '' },
    ],
    [
      'a password that old dockers padded',
      { auths: { 'a.io': { auth: Buffer.from('user:p\0\0').toString('base64') } } },
      'a.io',
      { password: 'p' },
    ],
  ])('returns the credential of %s', async (_, config, registry, expected) => {
    expect(await lookup(config, registry)).toMatchObject({ providedBy: 'the docker config', ...expected });
  });

  it.each(['https://index.docker.io/v1/', 'index.docker.io', 'docker.io', 'registry-1.docker.io'])(
    'knows Docker Hub as %s',
    async (key) => {
      expect(await lookup({ auths: { [key]: { auth } } }, 'docker.io')).toMatchObject({ username: 'user' });
    },
  );

  it.each([
    ['another host', { auths: { 'gcr.io': { auth } } }, 'eu.gcr.io'],
    ['a host that only starts alike', { auths: { 'gcr.io': { auth } } }, 'gcr.io.evil.com'],
    ['another port', { auths: { 'a.io:5000': { auth } } }, 'a.io'],
    ['an entry that says nothing', { auths: { 'a.io': {} } }, 'a.io'],
    ['an entry that is null', { auths: { 'a.io': null }, credHelpers: null, credsStore: null }, 'a.io'],
    ['an auth that is no base64 of two', { auths: { 'a.io': { auth: '####' } } }, 'a.io'],
  ])('returns none for %s', async (_, config, registry) => {
    expect(await lookup(config, registry)).toBeUndefined();
  });

  it('returns none when the file is missing', async () => {
    const nowhere = dockerConfigCredentials(join(folder, 'nowhere'), runHelper);
    expect(await nowhere('a.io')).toBeUndefined();
  });

  it.each([`{"auths": "${SECRET}"}`, SECRET, `{"auths": {"a.io": {"auth": ["${SECRET}"]}}}`, '[1]'])(
    'that is %j is named, and not quoted',
    async (text) => {
      const failure = lookup(text, 'a.io');
      await expect(failure).rejects.toThrow(`${join(folder, 'config.json')} is not a docker config: log in`);
      await expect(failure).rejects.not.toThrow(SECRET);
    },
  );
});

describe('credential helpers', () => {
  it.each([
    [
      'the one of this host before auths',
      { auths: { 'a.io': { auth } }, credHelpers: { 'a.io': 'gcr' }, credsStore: 'store' },
      'a.io',
      { username: 'gcr for a.io', password: 's', providedBy: 'docker-credential-gcr' },
    ],
    ['not the one of another host', { credHelpers: { 'b.io': 'gcr' } }, 'a.io', undefined],
    [
      'auths before the one of all',
      { auths: { 'a.io': { auth } }, credsStore: 'store' },
      'a.io',
      { username: 'user' },
    ],
    [
      'the one of all',
      { auths: { 'a.io': {} }, credsStore: 'store' },
      'a.io',
      { username: 'store for a.io', providedBy: 'docker-credential-store' },
    ],
    [
      'Docker Hub by its old URL',
      { credsStore: 'store' },
      'docker.io',
      { username: 'store for https://index.docker.io/v1/' },
    ],
    ['for a token', { credsStore: 'token' }, 'a.io', { identityToken: 's', password: '' }],
    ['one that has none', { credsStore: 'none' }, 'a.io', undefined],
    ['one that answers with nothing', { credsStore: 'silent' }, 'a.io', undefined],
  ])('are run: %s', async (_, config, registry, expected) => {
    const found = await lookup(config, registry);
    expect(found === undefined ? undefined : { ...found, ...expected }).toEqual(found);
    expect(found === undefined).toBe(expected === undefined);
  });

  it.each([
    ['broken', /^docker-credential-broken ended with exit code 2 for a\.io/],
    ['chatty', /^docker-credential-chatty printed no Username and Secret for a\.io/],
    ['../evil', /names a credential helper that is not a program name/],
    ['-rf', /names a credential helper that is not a program name/],
    ['a b', /names a credential helper that is not a program name/],
  ])('are named and not quoted when they fail: %s', async (helper, message) => {
    const failure = lookup({ credHelpers: { 'a.io': helper } }, 'a.io');
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.not.toThrow(SECRET);
  });

  it('are named together with the docker config when they are not installed', async () => {
    await writeFile(join(folder, 'config.json'), '{"credHelpers": {"a.io": "nowhere"}}');
    const credentials = dockerConfigCredentials(folder, async (helper) => {
      throw new Error(`Unable to locate executable file: docker-credential-${helper}`);
    });
    await expect(credentials('a.io')).rejects.toThrow(
      /^docker-credential-nowhere, which the docker config names for a\.io, can't be started: install it/,
    );
  });

  it('are called once, and again after a refusal, when the file is read again too', async () => {
    const calls: string[] = [];
    await writeFile(join(folder, 'config.json'), '{"credHelpers": {"a.io": "hourly"}}');
    const credentials = dockerConfigCredentials(folder, async (helper) => {
      calls.push(helper);
      return { exitCode: 0, stdout: JSON.stringify({ Username: 'u', Secret: `secret ${calls.length}` }) };
    });
    expect((await credentials('a.io'))?.password).toBe('secret 1');
    expect((await credentials('a.io', { repository: 'ns/app' }))?.password).toBe('secret 1');
    expect((await credentials('a.io', { refresh: true }))?.password).toBe('secret 2');
    expect((await credentials('a.io'))?.password).toBe('secret 2');
    await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { 'a.io': { auth } } }));
    expect((await credentials('a.io', { refresh: true }))?.password).toBe('pa:ss');
    expect(calls).toEqual(['hourly', 'hourly']);
  });

  it('are never run when their name is not a program name', async () => {
    const run: string[] = [];
    await writeFile(join(folder, 'config.json'), '{"credsStore": "../evil"}');
    const credentials = dockerConfigCredentials(folder, async (helper) => {
      run.push(helper);
      return { exitCode: 0, stdout: '{}' };
    });
    await expect(credentials('a.io')).rejects.toThrow('not a program name');
    expect(run).toEqual([]);
  });
});
