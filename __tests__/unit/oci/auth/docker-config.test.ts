import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MISSING, entryFor, readAuthFile, readDockerConfig } from '../../../../src/oci/auth/docker-config.ts';

/** Entries whose values are their keys. */
const entries = (...keys: string[]): Record<string, string> =>
  Object.fromEntries(keys.map((key) => [key, key]));

describe('entryFor', () => {
  it.each([
    ['the host before its old forms', ['https://a.io/v1/', 'http://a.io', 'a.io', 'https://a.io'], 'a.io'],
    ['https before http', ['http://a.io', 'https://a.io'], 'https://a.io'],
    ['an old form of version 1', ['https://a.io/v1/'], 'https://a.io/v1/'],
    ['an old form of version 2', ['https://a.io/v2/', 'b.io'], 'https://a.io/v2/'],
    ['a form without a slash at the end', ['https://a.io/v2'], 'https://a.io/v2'],
    ['capital letters last', ['A.io', 'a.io'], 'a.io'],
    ['capital letters', ['A.IO'], 'A.IO'],
    ['no other host', ['b.io', 'a.io.evil.test', 'a.io:5000', 'www.a.io'], undefined],
    ['no path of the host', ['a.io/ns', 'a.io/ns/app', 'https://a.io/ns', 'a.io/v1/'], undefined],
  ])('finds %s', (_, keys, expected) => {
    expect(entryFor(entries(...keys), 'a.io')).toBe(expected);
    expect(entryFor(entries(...keys.toReversed()), 'a.io')).toBe(expected);
  });

  it.each([
    ['ns/app', 'a.io/ns/app'],
    ['ns/other', 'a.io/ns'],
    ['ns/app/child', 'a.io/ns/app'],
    ['nsx', 'a.io'],
    ['other', 'a.io'],
    [undefined, 'a.io'],
  ])('finds the longest path that contains the repository %s', (repository, expected) => {
    const keys = ['a.io', 'a.io/ns', 'a.io/ns/app', 'a.io/ns/app/x', 'b.io/ns/app'];
    expect(entryFor(entries(...keys), 'a.io', repository)).toBe(expected);
  });

  it.each(['https://index.docker.io/v1/', 'index.docker.io', 'docker.io', 'registry-1.docker.io'])(
    'finds Docker Hub as %s',
    (key) => {
      expect(entryFor(entries(key), 'docker.io')).toBe(key);
    },
  );

  it('takes neither token of Docker Hub that docker login keeps beside the password', () => {
    const keys = ['https://index.docker.io/v1/access-token', 'https://index.docker.io/v1/refresh-token'];
    expect(entryFor(entries(...keys), 'docker.io')).toBeUndefined();
    expect(entryFor(entries(...keys, 'https://index.docker.io/v1/'), 'docker.io')).toBe(
      'https://index.docker.io/v1/',
    );
  });

  it('finds the same entry in whatever order they are', () => {
    const keys = ['a.io', 'https://a.io/v1/', 'a.io/ns', 'A.io', 'http://a.io/v2/', 'https://a.io'];
    fc.assert(
      fc.property(fc.shuffledSubarray(keys), fc.constantFrom('ns/x', undefined), (some, repository) => {
        const sorted = some.toSorted();
        expect(entryFor(entries(...some), 'a.io', repository)).toBe(
          entryFor(entries(...sorted), 'a.io', repository),
        );
      }),
    );
  });

  it.each(['constructor', '__proto__', 'toString'])('finds nothing that objects inherit: %s', (registry) => {
    expect(entryFor({}, registry)).toBeUndefined();
  });
});

describe('readAuthFile', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'auth-file-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it.each(['', ' \n', '\t'])('reads an empty file as an empty config: %j', async (text) => {
    await writeFile(join(folder, 'config.json'), text);
    expect(await readDockerConfig(folder)).toEqual({});
  });

  it('reads a missing file as an empty config, and no other problem', async () => {
    expect(await readAuthFile(join(folder, 'missing.json'), MISSING)).toEqual({});
    await expect(readAuthFile(folder, MISSING)).rejects.toThrow(/EISDIR/);
    expect(await readAuthFile(folder, new Set(['EISDIR']))).toEqual({});
  });
});
