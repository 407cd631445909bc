import { describe, expect, it } from 'vitest';
import { inputProblems } from '../../support/fixtures/inputs.ts';

describe('joinConfig', () => {
  it.each([
    ['gcr.io/distroless-mirror', 'gcr.io/distroless'],
    ['quay.io/distroless', 'gcr.io/distroless'],
    ['gcr.io', 'gcr.io/distroless'],
  ])('allows the target %s for the source %s', (target, namespaces) => {
    expect(inputProblems({ target, namespaces })).toBe('none');
  });

  it('refuses a target inside a source that is a whole registry', () => {
    expect(inputProblems({ target: 'registry.k8s.io/mirror', namespaces: 'registry.k8s.io' })).toContain(
      'is inside the source registry.k8s.io',
    );
    // One name for Docker Hub.
    expect(inputProblems({ target: 'docker.io/a/b', namespaces: 'index.docker.io/a' })).toContain(
      'a mirror of itself',
    );
  });

  it('refuses a path that would be both a file and a folder', () => {
    const namespaces = 'gcr.io/a\ngcr.io/a/b';
    expect(inputProblems({ namespaces, 'manifest-path': '{namespace}' })).toContain(
      '"a" would be a file, and also the folder of "a/b"',
    );
    expect(inputProblems({ 'changelog-path': 'gcr.io' })).toContain(
      '"gcr.io" would be a file, and also the folder of',
    );
    expect(inputProblems({ namespaces })).toBe('none');
  });

  it('refuses two namespaces with one manifest path', () => {
    const namespaces = 'gcr.io/a\nquay.io/a';
    expect(inputProblems({ namespaces, 'manifest-path': '{namespace}.json' })).toContain(
      'would both be recorded in "a.json"',
    );
    expect(inputProblems({ namespaces })).toBe('none');
  });
});
