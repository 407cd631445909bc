import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Listing } from '../../../src/mirror/listing.ts';
import { type Namespace, formatNamespace } from '../../../src/mirror/namespace.ts';
import { type NamedTargets, nameTargets, targetRepository } from '../../../src/mirror/target-names.ts';
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

function named(targetName: string, target: Namespace, listings: readonly Listing[]): NamedTargets {
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

  it('fills {name} with the last part of the image', () => {
    const source = { registry: 'gcr.io', path: 'ns' };
    expect(targetRepository('x-{name}', GHCR, source, 'a/b')).toMatch(/(?:^|\/)x-b$/);
    expect(targetRepository('{name}', GHCR, source, 'a')).toMatch(/(?:^|\/)a$/);
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
    const { names: found, clashes } = named('{image}', GHCR, [
      listing('gcr.io', 'x', ['a', 'b/c']),
      listing('k8s.gcr.io', '', ['d']),
    ]);
    expect(found.get('gcr.io/x')?.get('b/c')).toBe('mirror/b/c');
    expect(found.get('k8s.gcr.io')?.get('d')).toBe('mirror/d');
    expect(clashes.size).toBe(0);
  });

  it('fails two sources with one target, naming both and the remedy, and no other image', () => {
    const listings = [listing('gcr.io', 'x', ['a', 'b']), listing('quay.io', 'y', ['a'])];
    const { names, clashes } = named('{image}', GHCR, listings);
    const reason = expect.stringMatching(
      /^gcr\.io\/x\/a and quay\.io\/y\/a would both go to ghcr\.io\/mirror\/a\. .*"target-name"/,
    );
    expect(clashes.get('gcr.io/x')).toEqual([{ image: 'a', tags: [], reason }]);
    expect(clashes.get('quay.io/y')).toEqual([{ image: 'a', tags: [], reason }]);
    expect(Array.from(names.get('gcr.io/x') ?? [])).toEqual([['b', 'mirror/b']]);
    expect(named('{namespace}/{image}', GHCR, listings).clashes.size).toBe(0);
  });

  it('fails names that flattening makes equal', () => {
    const { clashes } = named('{image}', HUB, [listing('gcr.io', 'x', ['a/b', 'a_b', 'c'])]);
    expect(clashes.get('gcr.io/x')).toEqual([
      expect.objectContaining({
        image: 'a/b',
        reason: expect.stringContaining('gcr.io/x/a/b and gcr.io/x/a_b'),
      }),
      expect.objectContaining({ image: 'a_b' }),
    ]);
  });

  it.each([
    ['{image}__.', 'a'],
    ['{image}', 'a'.repeat(260)],
  ])('fails names that the specification does not allow: %s', (template, image) => {
    const { names, clashes } = named(template, GHCR, [listing('gcr.io', 'x', [image])]);
    expect(clashes.get('gcr.io/x')).toEqual([
      expect.objectContaining({ image, reason: expect.stringContaining('is not a repository name') }),
    ]);
    expect(names.get('gcr.io/x')?.size).toBe(0);
  });

  it('accepts equal names in different registries', () => {
    const both = [GHCR, { ...GHCR, registry: 'quay.io' }].map((target, index) => ({
      name: `gcr.io/n${index}`,
      settings: { namespace: { registry: 'gcr.io', path: `n${index}` }, target, targetName: '{image}' },
      listing: listing('gcr.io', `n${index}`, ['a']),
    }));
    const { names, clashes } = nameTargets(both);
    expect([names.size, clashes.size]).toEqual([2, 0]);
  });

  it('returns a valid, distinct name or a failure for each image', () => {
    const name = fc.stringMatching(/^[a-z]{1,2}([_/-][a-z]{1,2}){0,2}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.constantFrom(GHCR, HUB), (images, target) => {
        const { names, clashes } = named('{image}', target, [listing('gcr.io', 'x', images)]);
        const given = Array.from(names.get('gcr.io/x')?.values() ?? []);
        expect(new Set(given).size).toBe(given.length);
        expect(given.every(isRepositoryName)).toBe(true);
        expect(given.length + (clashes.get('gcr.io/x')?.length ?? 0)).toBe(images.length);
      }),
    );
  });
});
