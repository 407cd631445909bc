import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { isOwnClientFile, renderClients } from '../../../../src/catalogue/clients/clients.ts';
import { SMALL } from '../../../support/fixtures/page-data.ts';

describe('renderClients', () => {
  it('writes files that it knows again, and that say how to use them', () => {
    const files = renderClients(SMALL);
    expect(Array.from(files.keys())).toEqual([
      'registries.conf',
      'containerd/docker.io/hosts.toml',
      'containerd/gcr.io/hosts.toml',
      'containerd/registry.k8s.io/hosts.toml',
      'kustomization.yaml',
      'kyverno.yaml',
      'kubeadm.yaml',
    ]);
    for (const text of files.values()) {
      expect(isOwnClientFile(text)).toBe(true);
      expect(text).toMatch(/\n# For .*\n/);
      expect(text.endsWith('\n')).toBe(true);
    }
  });

  it.each([
    ['with', SMALL],
    ['without', []],
  ])('writes valid YAML %s images', (_, catalogue) => {
    const texts = Array.from(renderClients(catalogue)).filter(([path]) => path.endsWith('.yaml'));
    expect(texts).toHaveLength(3);
    expect(texts.flatMap(([, text]) => parseAllDocuments(text).flatMap(({ errors }) => errors))).toEqual([]);
  });
});

describe('isOwnClientFile', () => {
  it("is false for somebody's own file", () => {
    expect(isOwnClientFile('unqualified-search-registries = ["docker.io"]\n')).toBe(false);
  });
});
