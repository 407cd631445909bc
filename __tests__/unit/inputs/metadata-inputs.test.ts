import { describe, expect, it } from 'vitest';
import { type MetadataInputs, checkRecordPaths, readMetadata } from '../../../src/inputs/metadata-inputs.ts';
import { InputError, InputReader } from '../../../src/inputs/reader.ts';
import type { Namespace } from '../../../src/mirror/namespace.ts';
import { recordPath } from '../../../src/mirror/record-path.ts';

const GIVEN: Readonly<Record<string, string>> = {
  'metadata-repository': 'octo/meta',
  'github-token': 'secret',
  'manifest-path': '{registry}/{namespace}.json',
  timezone: 'UTC',
};
const TARGET: Namespace = { registry: 'docker.io', path: 'gcrxio' };
const NAMESPACES: readonly Namespace[] = [
  { registry: 'gcr.io', path: 'a' },
  { registry: 'registry.k8s.io', path: '' },
];

function read(given: Record<string, string>, namespaces = NAMESPACES, dryRun = false): MetadataInputs {
  const reader = new InputReader((name) => given[name] ?? GIVEN[name] ?? '');
  const inputs = readMetadata(reader, dryRun);
  checkRecordPaths(
    reader,
    inputs,
    namespaces.map((namespace) => ({ namespace, target: TARGET })),
  );
  reader.finish();
  return inputs;
}

/** The message of the only problem of these inputs. */
function problem(given: Record<string, string>, namespaces = NAMESPACES): string {
  try {
    read(given, namespaces);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('There was no problem');
}

describe('readMetadata', () => {
  it('has no values for inputs that are not set', () => {
    expect(read({})).toEqual({
      owner: 'octo',
      repo: 'meta',
      token: 'secret',
      manifestPath: '{registry}/{namespace}.json',
      timezone: 'UTC',
    });
  });

  it('reads every input', () => {
    const inputs = read({
      'metadata-repository': 'gcrxio/gcr.io_mirror-2',
      'metadata-branch': 'records/2026',
      'changelog-path': 'docs/CHANGELOG.md',
      timezone: 'asia/shanghai',
      'commit-message': 'Mirror: a day',
      committer: 'A. B. Mirror <mirror@example.test>',
    });
    expect(inputs).toEqual({
      owner: 'gcrxio',
      repo: 'gcr.io_mirror-2',
      branch: 'records/2026',
      token: 'secret',
      manifestPath: '{registry}/{namespace}.json',
      changelogPath: 'docs/CHANGELOG.md',
      timezone: 'Asia/Shanghai',
      commitMessage: 'Mirror: a day',
      committer: { name: 'A. B. Mirror', email: 'mirror@example.test' },
    });
  });

  it.each(['metadata-repository', 'github-token', 'manifest-path', 'timezone'])('requires %s', (name) => {
    expect(problem({ [name]: '' })).toMatch(new RegExp(`(?:^|- )${name}: is required: .`, 'm'));
  });

  it.each([
    'octo',
    'octo/',
    '/meta',
    'octo/meta/x',
    'https://github.com/octo/meta',
    'octo/.',
    'octo/..',
    '-o/m',
    'o o/m',
  ])('refuses the repository %s', (value) => {
    expect(problem({ 'metadata-repository': value })).toBe(
      `metadata-repository: "${value}" is not of the form owner/name`,
    );
  });

  // https://git-scm.com/docs/git-check-ref-format
  it.each([
    'a b',
    'a..b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    'a@{b',
    '/a',
    'a/',
    'a//b',
    '-a',
    'a.',
    'a.lock',
    'a\u007fb',
  ])('refuses the branch %j', (value) => {
    expect(problem({ 'metadata-branch': value })).toBe(
      `metadata-branch: ${JSON.stringify(value)} is not the name of a branch`,
    );
  });

  it.each(['main', 'a-b', 'feature/#12', 'v1.0', 'ü', 'a@b', 'lock'])('accepts the branch %s', (value) => {
    expect(read({ 'metadata-branch': value }).branch).toBe(value);
  });

  it.each([
    'Mirror',
    '<m@x.test>',
    'Mirror <m>',
    'Mirror <m@x.test',
    'Mirror <m @x.test>',
    'A <b@c.test> D',
    'A\nB <b@c.test>',
  ])('refuses the committer %j', (value) => {
    expect(problem({ committer: value })).toBe(
      `committer: ${JSON.stringify(value)} is not of the form: Name <email>`,
    );
  });

  it.each(['Mars/Base', 'local', '8'])('refuses the time zone %s', (value) => {
    expect(problem({ timezone: value })).toBe(
      `timezone: "${value}" is not an IANA time zone such as UTC or Asia/Shanghai`,
    );
  });
});

describe('github-token', () => {
  const given = { 'github-token': '', 'workflow-token': 'own' };

  it("is the workflow's own token in a dry run without secrets, as in a fork", () => {
    expect(read(given, NAMESPACES, true).token).toBe('own');
    expect(read({ 'workflow-token': 'own' }, NAMESPACES, true).token).toBe('secret');
  });

  it('is required where the run writes', () => {
    expect(problem(given)).toMatch(/^github-token: is required: .*check that the secret exists$/);
  });
});

describe('manifest-path', () => {
  it.each([
    ['{registry}/{namespace}.json', 'gcr.io', 'a/b', 'gcr.io/a/b.json'],
    ['{registry}/{namespace}.json', 'registry.k8s.io', '', 'registry.k8s.io.json'],
    ['{namespace}', 'gcr.io', 'google-containers', 'google-containers'],
    ['{namespace}', 'registry.k8s.io', '', 'registry.k8s.io'],
    ['m/{namespace}@{registry}', 'gcr.io', 'a', 'm/a@gcr.io'],
  ])('fills %s for %s/%s', (template, registry, path, expected) => {
    expect(recordPath(template, { registry, path }, TARGET)).toBe(expected);
  });

  it.each([
    '../{namespace}.json',
    '/{registry}.json',
    '{registry}//{namespace}',
    './{namespace}',
    '.git/{registry}',
  ])('stays inside the repository: %s', (template) => {
    const message = problem({ 'manifest-path': template });
    expect(message).toContain('manifest-path: ');
    expect(message).toContain('for gcr.io/a, is not a path inside the repository');
  });

  it('must be another one for each namespace', () => {
    const namespaces = [
      { registry: 'gcr.io', path: 'a' },
      { registry: 'quay.io', path: 'b' },
      { registry: 'quay.io', path: 'a' },
    ];
    expect(problem({ 'manifest-path': '{namespace}.json' }, namespaces)).toBe(
      'manifest-path: gcr.io/a and quay.io/a would both be recorded in "a.json": use {registry} and {namespace} in it',
    );
    expect(problem({ 'manifest-path': 'all.json' })).toContain('gcr.io/a and registry.k8s.io would both');
    expect(read({ 'manifest-path': '{namespace}.json' }, namespaces.slice(0, 2)).manifestPath).toBe(
      '{namespace}.json',
    );
  });

  it('lies outside the folder of the catalogue', () => {
    expect(problem({ catalogue: 'gcr.io' })).toBe(
      'manifest-path: "gcr.io/a.json", for gcr.io/a, is in the folder of the catalogue: change one of them',
    );
  });

  it("differs from the changelog's path, which stays inside the repository too", () => {
    expect(problem({ 'changelog-path': 'gcr.io/a.json' })).toBe(
      `manifest-path: "gcr.io/a.json", for gcr.io/a, is the path of the changelog: change one of them`,
    );
    expect(problem({ 'changelog-path': '../CHANGELOG.md' })).toMatch(
      /^changelog-path: "\.\.\/CHANGELOG\.md" is not/,
    );
  });
});
