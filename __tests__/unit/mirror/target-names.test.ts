import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Listing } from '../../../src/mirror/listing.ts';
import { type Namespace, formatNamespace } from '../../../src/mirror/namespace.ts';
import { type TargetNames, nameTargets, targetRepository } from '../../../src/mirror/target-names.ts';
import { isRepositoryName } from '../../../src/oci/names.ts';

const GHCR = { registry: 'ghcr.io', path: 'mirror' };
const HUB = { registry: 'docker.io', path: 'gcrxio' };

function listing(registry: string, path: string, images: string[]): Listing {
  return {
    namespace: { registry, path },
    images: new Map(
      images.map((image) => [
        image,
        { repository: path === '' ? image : `${path}/${image}`, tags: new Map() },
      ]),
    ),
    failures: [],
  };
}

function names(targetName: string, target: Namespace, listings: readonly Listing[]): TargetNames {
  return nameTargets(
    listings.map((one) => ({
      name: formatNamespace(one.namespace),
      settings: { namespace: one.namespace, target, targetName },
      listing: one,
    })),
  );
}

describe('targetRepository', () => {
  it.each([
    ['{image}', GHCR, 'mirror/a/b'],
    ['{image}', HUB, 'gcrxio/a_b'],
    ['{image}', { registry: 'quay.io', path: 'mirror' }, 'mirror/a_b'],
    ['{namespace}/{image}', GHCR, 'mirror/ns/x/a/b'],
    ['{registry}/{namespace}/{image}', HUB, 'gcrxio/gcr.io_ns_x_a_b'],
    ['{registry}-{image}', { registry: 'ghcr.io', path: '' }, 'gcr.io-a/b'],
  ])('fills %s for %o', (template, target, name) => {
    expect(targetRepository(template, target, { registry: 'gcr.io', path: 'ns/x' }, 'a/b')).toBe(name);
  });

  it('has no empty part for a namespace without a path, and no port', () => {
    const source = { registry: 'localhost:5000', path: '' };
    expect(targetRepository('{registry}/{namespace}/{image}', GHCR, source, 'a')).toBe(
      'mirror/localhost-5000/a',
    );
  });
});

describe('nameTargets', () => {
  it('names every image of every namespace', () => {
    const found = names('{image}', GHCR, [
      listing('gcr.io', 'x', ['a', 'b/c']),
      listing('k8s.gcr.io', '', ['d']),
    ]);
    expect(found.get('gcr.io/x')?.get('b/c')).toBe('mirror/b/c');
    expect(found.get('k8s.gcr.io')?.get('d')).toBe('mirror/d');
  });

  it('rejects two sources with one target, naming both and the remedy', () => {
    const listings = [listing('gcr.io', 'x', ['a']), listing('quay.io', 'y', ['a'])];
    expect(() => names('{image}', GHCR, listings)).toThrow(
      /gcr\.io\/x\/a and quay\.io\/y\/a would both go to ghcr\.io\/mirror\/a.*"target-name"/,
    );
    expect(names('{namespace}/{image}', GHCR, listings).size).toBe(2);
  });

  it('rejects names that flattening makes equal', () => {
    expect(() => names('{image}', HUB, [listing('gcr.io', 'x', ['a/b', 'a_b'])])).toThrow(
      /gcr\.io\/x\/a\/b and gcr\.io\/x\/a_b/,
    );
  });

  it('rejects names that the specification does not allow', () => {
    expect(() => names('{image}__.', GHCR, [listing('gcr.io', 'x', ['a'])])).toThrow(
      /is not a repository name/,
    );
    expect(() => names('{image}', GHCR, [listing('gcr.io', 'x', ['a'.repeat(260)])])).toThrow(
      /is not a repository name/,
    );
  });

  it('accepts equal names in different registries', () => {
    const named = [GHCR, { ...GHCR, registry: 'quay.io' }].map((target, index) => ({
      name: `gcr.io/n${index}`,
      settings: { namespace: { registry: 'gcr.io', path: `n${index}` }, target, targetName: '{image}' },
      listing: listing('gcr.io', `n${index}`, ['a']),
    }));
    expect(nameTargets(named).size).toBe(2);
  });

  it('returns a valid, distinct name for each image, or throws', () => {
    const name = fc.stringMatching(/^[a-z]{1,2}([_/-][a-z]{1,2}){0,2}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.constantFrom(GHCR, HUB), (images, target) => {
        let given: string[];
        try {
          given = Array.from(
            names('{image}', target, [listing('gcr.io', 'x', images)])
              .get('gcr.io/x')
              ?.values() ?? [],
          );
        } catch {
          return;
        }
        expect(new Set(given).size).toBe(images.length);
        expect(given.every(isRepositoryName)).toBe(true);
      }),
    );
  });
});
