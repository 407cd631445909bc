import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countCatalogue, partOf } from '../../../src/catalogue/catalogue.ts';
import { countEntries } from '../../../src/mirror/record-entry.ts';
import { catalogues, manifestOf, manifests, partFor } from '../../support/fixtures/catalogues.ts';
import { digest } from '../../support/fixtures/digests.ts';

const ABOUT = { path: 'gcr.io/ns.json', sha: 'a'.repeat(40), changed: '2026-11-25T03:17:00Z' };

describe('partOf', () => {
  it('groups the tags that hold the same image, and names what the target holds', () => {
    const manifest = manifestOf('gcr.io/ns', 'docker.io/mirror', {
      base: {
        v1: digest(1),
        latest: digest(2),
        'v1.0': digest(1),
        old: null,
        small: { digest: digest(1), target: digest(3), platforms: ['linux/amd64'] },
        docker: { digest: digest(2), target: digest(4) },
      },
    });
    expect(partOf(manifest, ABOUT)).toEqual({
      ...ABOUT,
      source: 'gcr.io/ns',
      target: 'docker.io/mirror',
      images: [
        {
          image: 'base',
          name: 'base',
          groups: [
            { tags: ['docker'], digest: digest(4), source: digest(2) },
            { tags: ['latest'], digest: digest(2) },
            { tags: ['old'] },
            { tags: ['small'], digest: digest(3), source: digest(1), platforms: ['linux/amd64'] },
            { tags: ['v1', 'v1.0'], digest: digest(1) },
          ],
        },
      ],
    });
  });

  it('names each image as the target has it: by the record, or by the default template', () => {
    const content = { 'a/b': { v1: null }, c: { v1: null } };
    const namesAt = (target: string): string[] =>
      partOf(manifestOf('gcr.io/ns', target, content, { c: 'ns_c' }), ABOUT).images.map(({ name }) => name);
    expect(namesAt('docker.io/mirror')).toEqual(['a_b', 'ns_c']);
    expect(namesAt('mirror.example/some')).toEqual(['a/b', 'ns_c']);
    expect(namesAt('mirror.example')).toEqual(['a/b', 'ns_c']);
  });

  it('has every tag of the manifest once', () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        const { images } = partOf(manifest, ABOUT);
        const tags = images.flatMap(({ image, groups }) =>
          groups.flatMap((group) => group.tags.map((tag) => `${image}:${tag}`)),
        );
        expect(new Set(tags).size).toBe(tags.length);
        expect(tags).toHaveLength(countEntries(manifest.images));
      }),
    );
  });
});

describe('countCatalogue', () => {
  it('counts sources, images and tags', () => {
    const one = manifestOf('gcr.io/a', 'docker.io/x', { b: { v1: null, v2: digest(1) }, c: { v1: null } });
    const two = manifestOf('gcr.io/a', 'quay.io/x', { b: { v1: null } });
    expect(countCatalogue([partFor(one), partFor(two, 'x.json')])).toEqual({
      sources: 1,
      images: 3,
      tags: 4,
    });
  });

  it('adds up', () => {
    fc.assert(
      fc.property(catalogues, (catalogue) => {
        const parts = catalogue.map((part) => countCatalogue([part]));
        const { images, tags } = countCatalogue(catalogue);
        expect(images).toBe(parts.reduce((sum, part) => sum + part.images, 0));
        expect(tags).toBe(parts.reduce((sum, part) => sum + part.tags, 0));
      }),
    );
  });
});
