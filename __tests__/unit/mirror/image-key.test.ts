import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageKey, imageOf, isImageKey, targetPathOf } from '../../../src/mirror/image-key.ts';
import { targetRepository } from '../../../src/mirror/target-names.ts';
import { isRepositoryName } from '../../../src/oci/names.ts';
import { imageNames } from '../../support/fixtures/recorded-images.ts';

const SOURCE = { registry: 'gcr.io', path: 'ns' };
const GHCR = { registry: 'ghcr.io', path: 'mirror' };
const HUB = { registry: 'docker.io', path: 'gcrxio' };

const targets = fc.constantFrom(
  GHCR,
  HUB,
  { registry: 'ghcr.io', path: '' },
  { registry: 'x:5000', path: 'a/b' },
);
const sources = fc.constantFrom(
  SOURCE,
  { registry: 'k8s.io', path: '' },
  { registry: 'l:5000', path: 'p/q' },
);
const templates = fc.oneof(
  fc.constantFrom('{image}', '{name}', '{registry}/{namespace}/{image}', '{namespace}-{name}', '{image}-x'),
  imageNames,
);

describe('imageKey', () => {
  it.each([
    ['{image}', GHCR, 'a/b', 'a/b'],
    ['{name}', GHCR, 'a', 'a'],
    ['{name}', GHCR, 'a/b', 'a/b as b'],
    ['{name}', HUB, 'a/b', 'a/b as b'],
    ['x/y', HUB, 'a', 'a as x_y'],
    ['a_b', HUB, 'a/b', 'a/b'],
    ['x/y', { registry: 'ghcr.io', path: '' }, 'a', 'a as x/y'],
  ])('of the template %s at %o for %s is %s', (template, target, image, key) => {
    expect(imageKey(template, target, SOURCE, image)).toBe(key);
  });

  it('names the image, and the repository that the template gives it', () => {
    fc.assert(
      fc.property(templates, targets, sources, imageNames, (template, target, namespace, image) => {
        const key = imageKey(template, target, namespace, image);
        const path = targetRepository(template, target, namespace, image);
        expect(imageOf(key)).toBe(image);
        expect(targetPathOf({ namespace, target }, key)).toBe(path);
        expect(isImageKey(key)).toBe(isRepositoryName(path));
      }),
    );
  });

  it('is the same exactly for the same repository', () => {
    fc.assert(
      fc.property(templates, templates, targets, imageNames, (one, other, target, image) => {
        const [key, otherKey] = [one, other].map((template) => imageKey(template, target, SOURCE, image));
        const [path, otherPath] = [one, other].map((text) => targetRepository(text, target, SOURCE, image));
        expect(key === otherKey).toBe(path === otherPath);
      }),
    );
  });
});

describe('isImageKey', () => {
  it.each(['', ' as ', 'a as ', ' as a', 'a as b as c', 'A', 'a as B', 'a as ../b', 'a  as b', 'as a'])(
    'is false for %j',
    (text) => {
      expect(isImageKey(text)).toBe(false);
    },
  );

  it.each(['a', 'a/b', 'a as b', 'as', 'as as as', 'a/b as c/d'])('is true for %j', (text) => {
    expect(isImageKey(text)).toBe(true);
  });
});
