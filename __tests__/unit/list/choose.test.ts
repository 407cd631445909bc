import { describe, expect, it } from 'vitest';
import { chooseSource } from '../../../src/list/choose.ts';
import { testApis, testClient } from '../../support/fixtures/clients.ts';

describe('chooseSource', () => {
  it.each([
    ['docker.io', 'library', 'prefix'],
    ['quay.io', 'coreos', 'prefix'],
    ['quay.io', 'coreos/flannel', 'repository'],
    ['gcr.io', 'distroless', 'either'],
    ['registry.k8s.io', '', 'either'],
  ])('lists %s/%s by the API that its host has', (registry, path, kind) => {
    expect(chooseSource({ registry, path }, testClient(registry), testApis()).kind).toBe(kind);
  });

  it('refuses to list a well-known host as a whole', () => {
    expect(() => chooseSource({ registry: 'quay.io', path: '' }, testClient('quay.io'), testApis())).toThrow(
      /name a namespace/,
    );
  });
});
