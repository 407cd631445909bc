import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNamespace } from '../../../src/mirror/namespace.ts';
import { isRepositoryPath, recordPath } from '../../../src/mirror/record-path.ts';

const DEFAULT = '{registry}/{namespace}.json';
const TARGET = { registry: 'docker.io', path: 'gcrxio' };

describe('recordPath', () => {
  it('fills in every occurrence of each placeholder', () => {
    const namespace = { registry: 'gcr.io', path: 'a/b' };
    expect(recordPath('{registry}/{namespace}/{registry}-{namespace}.json', namespace, TARGET)).toBe(
      'gcr.io/a/b/gcr.io-a/b.json',
    );
  });

  it.each([
    [DEFAULT, 'registry.k8s.io.json'],
    ['{namespace}', 'registry.k8s.io'],
    ['{registry}', 'registry.k8s.io'],
    ['{namespace}@{registry}', 'registry.k8s.io@registry.k8s.io'],
    ['a/{registry}/{namespace}/b', 'a/registry.k8s.io/b'],
  ])('leaves no gap for a namespace with no path: %s', (template, path) => {
    expect(recordPath(template, { registry: 'registry.k8s.io', path: '' }, TARGET)).toBe(path);
  });

  it('fills in the target, so that each has manifests of its own', () => {
    const source = { registry: 'registry.k8s.io', path: '' };
    expect(recordPath(`{target}/${DEFAULT}`, source, TARGET)).toBe('docker.io/gcrxio/registry.k8s.io.json');
    expect(recordPath(`{target}/${DEFAULT}`, { ...source, path: 'a/b' }, TARGET)).toBe(
      'docker.io/gcrxio/registry.k8s.io/a/b.json',
    );
  });

  it('leaves other braces unchanged', () => {
    expect(recordPath('{image}/{namespace}', { registry: 'gcr.io', path: 'a' }, TARGET)).toBe('{image}/a');
  });

  it('returns a distinct path inside the repository for each namespace by default', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,4}$/);
    const texts = fc
      .tuple(fc.constantFrom('gcr.io', 'registry.k8s.io', 'localhost:5000'), fc.array(part, { maxLength: 3 }))
      .map((parts) => parts.flat().join('/'));
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        const [path, otherPath] = [one, other].map((text) => {
          const namespace = parseNamespace(text, '');
          if (typeof namespace === 'string') throw new Error(namespace);
          return recordPath(DEFAULT, namespace, TARGET);
        });
        expect(path === otherPath).toBe(one === other);
        expect(isRepositoryPath(path ?? '')).toBe(true);
      }),
    );
  });
});

describe('isRepositoryPath', () => {
  it.each([
    'a',
    'CHANGELOG.md',
    'gcr.io/a/b.json',
    '.github/a',
    '.gitignore',
    '...',
    'a b/ü',
    'x'.repeat(1024),
  ])('takes %s', (path) => {
    expect(isRepositoryPath(path)).toBe(true);
  });

  it.each([
    '',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    './a',
    '../a',
    'a/../b',
    'a/..',
    '.git',
    '.git/config',
    'a/.GIT/b',
    'a\\b',
    'a\0b',
    'a\nb',
    'a\u0085b',
    'x'.repeat(1025),
  ])('refuses %j', (path) => {
    expect(isRepositoryPath(path)).toBe(false);
  });

  it('rejects paths that lead out of the repository', () => {
    const part = fc.constantFrom('.', '..', '', 'a', '.git', 'b.json', '\\', '...');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (parts) => {
        const path = parts.join('/');
        const inside = new URL(path, 'file:///repository/').pathname.slice('/repository/'.length);
        const holdable = parts.every((one) => one !== '' && one !== '.git');
        expect(isRepositoryPath(path)).toBe(holdable && inside === path);
      }),
    );
  });
});
