import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageKey, targetPathOf } from '../../../src/mirror/image-key.ts';
import { type Namespace, repositoryIn } from '../../../src/mirror/namespace.ts';
import { isRepositoryName } from '../../../src/oci/names.ts';
import { type Named, clashingImages, findNameClashes } from '../../../src/plan/name-clashes.ts';

const GHCR = { registry: 'ghcr.io', path: 'mirror' };
const HUB = { registry: 'docker.io', path: 'gcrxio' };

/** A plan with the tag `v1` of some images, each under all names that `templates` give it. */
function named(
  source: Namespace,
  images: readonly string[],
  target: Namespace,
  templates = ['{image}'],
): Named {
  const entries = images.flatMap((image) =>
    templates.map(
      (template) =>
        [
          imageKey(template, target, source, image),
          { repository: repositoryIn(source, image), tags: new Map([['v1', null]]) },
        ] as const,
    ),
  );
  const found = new Map(entries);
  return { settings: { namespace: source, target }, images: found, open: new Set(found.keys()) };
}

const X = { registry: 'gcr.io', path: 'x' };
const Y = { registry: 'quay.io', path: 'y' };

describe('findNameClashes', () => {
  it('finds none where each image has a place of its own', () => {
    expect(findNameClashes([named(X, ['a', 'b/c'], GHCR), named(Y, ['d'], GHCR)]).size).toBe(0);
  });

  it('fails two sources with one target, naming both and the remedy, and no other image', () => {
    const [one, two] = [named(X, ['a', 'b'], GHCR), named(Y, ['a'], GHCR)];
    const clashes = findNameClashes([one, two]);
    const reason = expect.stringMatching(
      /^gcr\.io\/x\/a and quay\.io\/y\/a would both go to ghcr\.io\/mirror\/a\. .*"target-name"/,
    );
    expect(clashes.get(one)).toEqual([{ image: 'a', tags: ['v1'], reason }]);
    expect(clashes.get(two)).toEqual([{ image: 'a', tags: ['v1'], reason }]);
    const apart = ['{namespace}/{image}'];
    expect(findNameClashes([named(X, ['a'], GHCR, apart), named(Y, ['a'], GHCR, apart)]).size).toBe(0);
  });

  it('fails only the name that clashes where an image has several', () => {
    const one = named(X, ['a'], GHCR, ['{image}', 'b']);
    const clashes = findNameClashes([one, named(Y, ['b'], GHCR)]);
    expect(clashes.get(one)?.map(({ image }) => image)).toEqual(['a as b']);
  });

  it('fails images of one namespace that a fixed name puts in one place', () => {
    const one = named(X, ['a', 'b', 'c'], GHCR, ['same']);
    const found = findNameClashes([one]).get(one);
    expect(found?.map(({ image }) => image)).toEqual(['a as same', 'b as same', 'c as same']);
    expect(found?.[0]?.reason).toContain('gcr.io/x/a and gcr.io/x/b and gcr.io/x/c would all go to');
  });

  it('lets exact tags of several sources share a name, as where an image has moved, unless two have one tag', () => {
    const exact = (source: Namespace, tag: string): Named => {
      const plan = named(source, ['a'], GHCR, ['same']);
      const tags = new Map([[tag, null]]);
      const images = new Map(Array.from(plan.images, ([key, found]) => [key, { ...found, tags }]));
      return { ...plan, images, open: new Set() };
    };
    const [old, fresh, third] = [exact(X, 'v1'), exact(Y, 'v2'), exact({ ...Y, path: 'z' }, 'v2')];
    expect(findNameClashes([old, fresh]).size).toBe(0);
    expect(Array.from(findNameClashes([old, fresh, third]).keys())).toEqual([fresh, third]);
    // What is listed may get the other's tags at any time.
    expect(findNameClashes([old, named(Y, ['a'], GHCR, ['same'])]).size).toBe(2);
  });

  it('names a few sources only', () => {
    const images = Array.from({ length: 8 }, (_, index) => `a${index}`);
    const one = named(X, images, GHCR, ['same']);
    expect(findNameClashes([one]).get(one)?.[0]?.reason).toContain('gcr.io/x/a4 and 3 more would all go to');
  });

  it('fails names that flattening makes equal', () => {
    const one = named(X, ['a/b', 'a_b', 'c'], HUB);
    expect(findNameClashes([one]).get(one)).toEqual([
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
    const one = named(X, [image], GHCR, [template]);
    const found = findNameClashes([one]).get(one);
    expect(found).toMatchObject([{ reason: expect.stringContaining('is not a repository name') }]);
    expect(clashingImages(found ?? [])).toEqual([image]);
  });

  it('accepts equal names in different registries, and one source that two plans put in one place', () => {
    const quay = { ...GHCR, registry: 'quay.io' };
    expect(findNameClashes([named(X, ['a'], GHCR), named(Y, ['a'], quay)]).size).toBe(0);
    expect(
      findNameClashes([named(X, ['y/a'], GHCR, ['z']), named({ ...X, path: 'x/y' }, ['a'], GHCR, ['z'])])
        .size,
    ).toBe(0);
  });

  it('leaves each image a valid place of its own, or fails it', () => {
    const name = fc.stringMatching(/^[a-z]{1,2}([_/-][a-z]{1,2}){0,2}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.constantFrom(GHCR, HUB), (images, target) => {
        const one = named(X, images, target);
        const failed = new Set(
          findNameClashes([one])
            .get(one)
            ?.map(({ image }) => image),
        );
        const left = Array.from(one.images.keys()).filter((key) => !failed.has(key));
        const places = left.map((key) => targetPathOf(one.settings, key));
        expect(new Set(places).size).toBe(places.length);
        expect(places.every(isRepositoryName)).toBe(true);
      }),
    );
  });
});

describe('clashingImages', () => {
  it('has each image once, whatever the number of its names', () => {
    const failures = ['a', 'a as b', 'c as d'].map((image) => ({ image, tags: ['v1'], reason: '' }));
    expect(clashingImages(failures)).toEqual(['a', 'c']);
  });
});
