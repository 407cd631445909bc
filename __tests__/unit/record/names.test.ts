import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordedName, renameImages, underCurrentNames } from '../../../src/record/names.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { plainEntries, recorded } from '../../support/fixtures/listings.ts';
import { flatten, images } from '../../support/fixtures/recorded-images.ts';

const settings = (targetName: string, path = 'mirror'): Parameters<typeof recordedName>[0] => ({
  namespace: { registry: 'gcr.io', path: 'ns' },
  target: { registry: 'docker.io', path },
  targetName,
});
const NAMES = { source: 'gcr.io/ns', target: 'docker.io/mirror' };

describe('recordedName', () => {
  it.each([
    ['{image}', 'mirror', undefined],
    ['{namespace}-{image}', 'mirror', 'ns-a'],
    ['{namespace}-{image}', '', 'ns-a'],
  ])('of the template %s below %j is %s', (template, path, name) => {
    expect(recordedName(settings(template, path), 'a')).toBe(name);
  });
});

describe('renameImages', () => {
  it('changes nothing where no image moves', () => {
    fc.assert(
      fc.property(images, images, (base, entries) => {
        const manifest = { ...NAMES, images: base };
        expect(renameImages(manifest, entries, () => undefined)).toBe(manifest);
      }),
    );
  });

  it('drops what is recorded of images that move, and keeps all others', () => {
    fc.assert(
      fc.property(images, images, (base, entries) => {
        const renamed = renameImages({ ...NAMES, images: base }, entries, (image) => `x-${image}`);
        const kept = new Map(Array.from(base).filter(([image]) => !entries.has(image)));
        expect(flatten(renamed.images)).toEqual(flatten(kept));
        expect(Array.from(renamed.names ?? [])).toEqual(
          Array.from(entries.keys(), (image) => [image, `x-${image}`]),
        );
      }),
    );
  });
});

describe('underCurrentNames', () => {
  it('has the images that the settings name as the record does', () => {
    const manifest = {
      ...NAMES,
      images: recorded({ a: { v1: digest(1) }, b: { v1: digest(2) } }),
      names: new Map([['b', 'ns-b']]),
    };
    expect(plainEntries(underCurrentNames(manifest, settings('{image}')).images)).toEqual({
      a: { v1: digest(1) },
    });
    expect(plainEntries(underCurrentNames(manifest, settings('{namespace}-{image}')).images)).toEqual({
      b: { v1: digest(2) },
    });
  });
});
