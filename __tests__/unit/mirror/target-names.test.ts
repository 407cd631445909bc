import { describe, expect, it } from 'vitest';
import { targetRepository } from '../../../src/mirror/target-names.ts';

const GHCR = { registry: 'ghcr.io', path: 'mirror' };
const HUB = { registry: 'docker.io', path: 'gcrxio' };

describe('targetRepository', () => {
  it.each([
    ['{image}', GHCR, 'mirror/a/b'],
    ['{image}', HUB, 'gcrxio/a_b'],
    ['{image}', { registry: 'quay.io', path: 'mirror' }, 'mirror/a_b'],
    ['{namespace}/{image}', GHCR, 'mirror/ns/x/a/b'],
    ['{registry}/{namespace}/{image}', HUB, 'gcrxio/gcr.io_ns_x_a_b'],
    ['{name}', GHCR, 'mirror/b'],
    ['{registry}_{name}', HUB, 'gcrxio/gcr.io_b'],
    ['renamed', GHCR, 'mirror/renamed'],
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
