import { readFileSync } from 'node:fs';
import { type AnySchema, Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Inputs } from '../../../src/inputs/inputs.ts';
import { InputError } from '../../../src/inputs/reader.ts';
import { formatNamespace } from '../../../src/mirror/namespace.ts';
import { loadTestInputs } from '../../support/fixtures/inputs.ts';

const FILE = `
defaults:
  target: docker.io/gcrxio
  platforms: [linux/amd64]
  exclude: '**:*-debug'
namespaces:
  gcr.io/distroless:
  quay.io/coreos:
    target: ghcr.io/mirror
    target-name: '{namespace}/{image}'
    platforms: all
    include: [flannel, 'etcd:v3*']
    exclude: []
    semver: '>=3.4'
    latest: 5
    newer-than: 2026-01-31
  distroless-too: {}
`;

async function problems(file: string, given: Record<string, string> = {}): Promise<string> {
  try {
    await loadTestInputs(given, file);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'none';
}

function settingsOf({ namespaces }: Inputs, name: string): Inputs['namespaces'][number] | undefined {
  return namespaces.find(({ namespace }) => formatNamespace(namespace) === name);
}

const HUB = { registry: 'docker.io', path: 'gcrxio' };

describe('the config file', () => {
  it('has the settings of each namespace, and defaults for the rest', async () => {
    const inputs = await loadTestInputs({}, FILE);
    expect(inputs.namespaces.map(({ namespace }) => formatNamespace(namespace))).toEqual([
      'gcr.io/distroless',
      'quay.io/coreos',
      'gcr.io/distroless-too',
    ]);
    expect(settingsOf(inputs, 'gcr.io/distroless')).toEqual({
      namespace: { registry: 'gcr.io', path: 'distroless' },
      target: HUB,
      targetName: '{image}',
      platforms: ['linux/amd64'],
      referrers: false,
      filters: { include: [[], []], exclude: ['**:*-debug'] },
    });
    expect(settingsOf(inputs, 'quay.io/coreos')).toEqual({
      namespace: { registry: 'quay.io', path: 'coreos' },
      target: { registry: 'ghcr.io', path: 'mirror' },
      targetName: '{namespace}/{image}',
      platforms: 'all',
      referrers: false,
      filters: {
        include: [[], ['flannel', 'etcd:v3*']],
        exclude: [],
        semver: '>=3.4',
        latest: 5,
        newerThan: Date.UTC(2026, 0, 31),
      },
    });
  });

  it('is overridden by inputs in its defaults, and not in the settings of one namespace', async () => {
    const given = { target: 'quay.io/mirror', platforms: 'linux/arm64', latest: '3' };
    const inputs = await loadTestInputs(given, FILE);
    expect(settingsOf(inputs, 'gcr.io/distroless')).toMatchObject({
      target: { registry: 'quay.io', path: 'mirror' },
      platforms: ['linux/arm64'],
      filters: { latest: 3 },
    });
    expect(settingsOf(inputs, 'quay.io/coreos')).toMatchObject({
      target: { registry: 'ghcr.io', path: 'mirror' },
      platforms: 'all',
      referrers: false,
      filters: { latest: 5 },
    });
  });

  it('is narrowed by the patterns of the inputs, which a plan passes to its jobs', async () => {
    const given = { namespaces: 'quay.io/coreos', include: 'etcd', exclude: '**:nightly' };
    const { namespaces } = await loadTestInputs(given, FILE);
    expect(namespaces).toHaveLength(1);
    expect(namespaces[0]?.filters).toMatchObject({
      include: [['etcd'], ['flannel', 'etcd:v3*']],
      exclude: ['**:nightly'],
    });
  });

  it('applies its defaults to namespaces that only the input names', async () => {
    const { namespaces } = await loadTestInputs({ namespaces: 'gcr.io/other' }, FILE);
    expect(namespaces).toMatchObject([{ target: HUB, platforms: ['linux/amd64'] }]);
  });

  it('names the registry of the password in its input, its defaults, or all its namespaces', async () => {
    const login = { username: 'me', password: 'secret' };
    const targetLogin = async (file: string, given = {}): Promise<string | undefined> =>
      (await loadTestInputs({ ...login, ...given }, file)).targetLogin;
    expect(await targetLogin(FILE)).toBe('docker.io');
    expect(await targetLogin(FILE, { target: 'ghcr.io/x' })).toBe('ghcr.io');
    const own = 'namespaces: { gcr.io/a: { target: ghcr.io/a }, gcr.io/b: { target: ghcr.io/b } }';
    expect(await targetLogin(own)).toBe('ghcr.io');
    expect(await problems(own.replace('ghcr.io/b', 'quay.io/b'), login)).toMatch(
      /username: may be for ghcr\.io or quay\.io: it is the account of one registry\. .*"registry-auth"/,
    );
  });

  it.each([
    ['namespaces: [', /^config: mirror\.yml:1:14: /],
    ['namespaces:\n  gcr.io/a:\n  gcr.io/a:', /^config: mirror\.yml:3:3: .*unique/],
    [
      'namespaces:\n  gcr.io/a:\n  GCR.io/a:',
      /mirror\.yml:3:12: namespaces › GCR\.io\/a: gcr\.io\/a is listed twice/,
    ],
    [
      'namespaces:\n  gcr.io/a:\n    lates: 3',
      /mirror\.yml:3:12: namespaces › gcr\.io\/a › lates: is not one of target, /,
    ],
    [
      'namespaces:\n  gcr.io/a:\n    latest: three',
      /mirror\.yml:3:13: namespaces › gcr\.io\/a › latest: .*number/,
    ],
    ['namespaces:\n  gcr.io/a:\n    latest: 0', /mirror\.yml:3:13: .*0 is not a whole number of at least 1/],
    [
      'namespaces:\n  gcr.io/a:\n    semver: newest',
      /mirror\.yml:3:13: .*"newest" is not a range of versions/,
    ],
    ['namespaces:\n  gcr.io/a:\n    newer-than: soon', /:3:17: .*"soon" is neither an age.*nor a date/],
    ['namespaces:\n  gcr.io/a:\n    target: gcrxio', /:3:13: .*names no registry/],
    ['namespaces:\n  gcr.io/a:\n    target-name: x', /:3:18: .*must contain \{image\}/],
    ['namespaces:\n  gcr.io/a:\n    platforms: [amd64]', /:3:16: .*"amd64" is neither "all" nor a platform/],
    ['namespaces:\n  gcr.io/A:', /:2:12: namespaces › gcr\.io\/A: .*is not a repository path/],
    ['defaults:\n  include: [1]', /:2:12: defaults › include: expected a text or a list/],
    ['- gcr.io/a', /mirror\.yml:1:1: expected a map/],
    ['namespaces: [gcr.io/a]', /:1:13: namespaces: expected a map, with lines such as/],
    ['', /mirror\.yml:1:1: /],
    ['a: &a [x, x]\nb: &b [*a, *a]', /mirror\.yml:1:7: a: is not one of defaults, namespaces/],
  ])('is refused with line and column: %j', async (file, message) => {
    expect(await problems(file)).toMatch(message);
  });

  it('reports all problems together', async () => {
    const file = 'namespaces:\n  gcr.io/a:\n    semver: newest\n    latest: -1\n  -:\n';
    expect(await problems(file)).toMatch(/^3 inputs are wrong:\n- .*:3:13:.*\n- .*:4:13:.*\n- .*:5:5:/);
  });

  it.each([
    ['defaults: { target: docker.io/x }', /names no namespaces and no images, and neither do the inputs/],
    ['namespaces: { gcr.io/a: }', /names no target for gcr\.io\/a/],
    ['namespaces: { gcr.io/a: { target: gcr.io/a/b } }', /a mirror of itself/],
  ])('is refused when something is missing: %s', async (file, message) => {
    expect(await problems(file)).toMatch(message);
  });

  it('is read only when the inputs are right, and only from inside the repository', async () => {
    expect(await problems(FILE, { engine: 'podman', config: 'x.yml' })).toMatch(/^engine: "podman"/);
    expect(await problems(FILE, { config: '../mirror.yml' })).toContain(
      'is not a path inside the repository',
    );
  });

  it.each(['constructor', '__proto__'])('does not ignore a namespace named %s', async (name) => {
    const file = `namespaces: { gcr.io/a: { target: docker.io/x }, ${name}: {} }`;
    expect(await problems(file)).toMatch(new RegExp(`:1:\\d+: namespaces › ${name}: is not a namespace`));
  });

  it('is refused when its aliases multiply', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `x${level}: &x${level} [${`*x${level - 1}, `.repeat(10)}]`,
    );
    const bomb = ['x: &x-1 [a]', ...levels].join('\n');
    expect(await problems(bomb)).toMatch(/alias/i);
  });

  it('is read or refused as an input, whatever its content', async () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    const keys = fc.constantFrom(
      'target',
      'latest',
      'semver',
      'include',
      'platforms',
      'referrers',
      'newer-than',
      'target-name',
    );
    const settings = fc.oneof(fc.dictionary(keys, value), value);
    const files = fc.record({ defaults: settings, namespaces: fc.dictionary(fc.string(), settings) });
    await fc.assert(
      fc.asyncProperty(fc.oneof(files, value), async (file) => {
        expect(await problems(stringify(file))).toBeTypeOf('string');
      }),
      { numRuns: 200 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom(...Array.from('{}[]:,&*!|>-#"\'\n ab')) }),
        async (text) => {
          expect(await problems(text)).toBeTypeOf('string');
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('referrers in the config file', () => {
  const file = (defaults: string, own: string): string =>
    `defaults: { target: docker.io/x${defaults} }\nnamespaces:\n  gcr.io/a: {${own}}\n  b:\n`;
  const wants = async (text: string, given: Record<string, string> = {}): Promise<boolean[]> => {
    const inputs = await loadTestInputs({ engine: 'registry', ...given }, text);
    return inputs.namespaces.map(({ referrers }) => referrers);
  };

  it('are mirrored where the namespace, the input or the defaults set it', async () => {
    expect(await wants(file('', ''))).toEqual([false, false]);
    expect(await wants(file(', referrers: true', ' referrers: false '))).toEqual([false, true]);
    expect(await wants(file('', ' referrers: true '))).toEqual([true, false]);
    expect(await wants(file('', ' referrers: false '), { referrers: 'true' })).toEqual([false, true]);
  });

  it.each([
    [
      file('', ' referrers: true '),
      /^config: mirror\.yml:3:26: namespaces › gcr\.io\/a › referrers: needs engine: registry/,
    ],
    [
      file(', referrers: true', ''),
      /^config: mirror\.yml:1:45: defaults › referrers: needs engine: registry/,
    ],
    [
      'namespaces:\n  b:\n    referrers: true\n    target: docker.io/x',
      /mirror\.yml:3:16: namespaces › b › referrers/,
    ],
  ])('need an engine that keeps digests, and the error has line and column: %j', async (text, message) => {
    expect(await problems(text)).toMatch(message);
  });

  it('are reported once where all have them from one place', async () => {
    expect((await problems(file(', referrers: true', ''))).match(/needs engine/g)).toHaveLength(1);
    expect(await problems(file('', ''), { referrers: 'true' })).toMatch(/^referrers: needs engine: registry/);
  });

  it('need no such engine in a job that mirrors other namespaces of the file', async () => {
    const text = file('', ' referrers: true ');
    const inputs = await loadTestInputs({ namespaces: 'gcr.io/b', registry: 'gcr.io' }, text);
    expect(inputs.namespaces).toHaveLength(1);
  });
});

describe('mirror.schema.json', () => {
  const schema: AnySchema = JSON.parse(
    readFileSync(new URL('../../../mirror.schema.json', import.meta.url), 'utf8'),
  );
  const validate = new Ajv({ strict: false }).compile(schema);

  it('accepts a file that the action accepts', () => {
    expect(validate(parse(FILE))).toBe(true);
  });

  it.each(['namespaces: { gcr.io/a: { lates: 3 } }', 'defaults: { latest: x }', 'more: {}', '[]'])(
    'refuses %s',
    (file) => {
      expect(validate(parse(file))).toBe(false);
    },
  );
});
