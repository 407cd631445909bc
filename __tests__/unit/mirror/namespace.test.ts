import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatNamespace,
  isNamespaceName,
  parseNamespace,
  repositoryIn,
} from '../../../src/mirror/namespace.ts';

const host = fc.stringMatching(/^[a-z]{1,6}\.(?:io|dev|com)(?::[1-9]\d{1,3})?$/);
const path = fc.stringMatching(/^(?:[a-z0-9]{1,6}(?:\/[a-z0-9]{1,6}){0,2})?$/);

describe('parseNamespace', () => {
  it('returns what formatNamespace wrote', () => {
    fc.assert(
      fc.property(fc.record({ registry: host, path }), (namespace) => {
        expect(parseNamespace(formatNamespace(namespace), 'default.io')).toEqual(namespace);
      }),
    );
  });

  it('returns a namespace that stays the same when it is written and read again, or a sentence', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9./:_-]{0,20}$/)), (text) => {
        const read = parseNamespace(text, 'gcr.io');
        expect(read).not.toBe('');
        const again = typeof read === 'string' ? read : parseNamespace(formatNamespace(read), 'other.io');
        expect(again).toEqual(read);
      }),
    );
  });

  it.each([
    ['distroless', { registry: 'gcr.io', path: 'distroless' }],
    ['a/b', { registry: 'gcr.io', path: 'a/b' }],
    ['quay.io/coreos/flannel', { registry: 'quay.io', path: 'coreos/flannel' }],
    ['registry.k8s.io', { registry: 'registry.k8s.io', path: '' }],
    ['localhost/a', { registry: 'localhost', path: 'a' }],
    ['host:5000/a', { registry: 'host:5000', path: 'a' }],
    ['QUAY.IO/a', { registry: 'quay.io', path: 'a' }],
    ['index.docker.io/a', { registry: 'docker.io', path: 'a' }],
  ])('reads %s', (text, namespace) => {
    expect(parseNamespace(text, 'gcr.io')).toEqual(namespace);
  });

  it.each([
    ['quay.io/', /nothing follows/],
    ['quay.io/Upper', /not a repository path/],
    ['quay.io/a//b', /not a repository path/],
    ['a..b/c', /not a registry host/],
  ])('refuses %s', (text, problem) => {
    expect(parseNamespace(text, 'gcr.io')).toMatch(problem);
  });
});

describe('repositoryIn', () => {
  it('has no slash where the namespace is a whole registry', () => {
    expect(repositoryIn({ registry: 'gcr.io', path: '' }, 'pause')).toBe('pause');
    expect(repositoryIn({ registry: 'gcr.io', path: 'a/b' }, 'c/d')).toBe('a/b/c/d');
  });
});

describe('isNamespaceName', () => {
  it.each(['gcr.io/distroless', 'registry.k8s.io', 'localhost:5000/a/b'])('is true for %s', (text) => {
    expect(isNamespaceName(text)).toBe(true);
  });

  it.each(['distroless', 'GCR.io/x', 'index.docker.io/x', 'gcr.io/', '<b>', ''])(
    'is false for %j',
    (text) => {
      expect(isNamespaceName(text)).toBe(false);
    },
  );
});
