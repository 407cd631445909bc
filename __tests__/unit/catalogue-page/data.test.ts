import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasTag, tagsOf } from '../../../catalogue/data.ts';
import { countCatalogue } from '../../../src/catalogue/catalogue.ts';
import { catalogues } from '../../support/fixtures/catalogues.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { SMALL, pageData } from '../../support/fixtures/page-data.ts';

const data = pageData(SMALL);
const [base] = data.find('gcr.io/distroless/base');

describe('Data', () => {
  it('knows all places of an image', () => {
    const mirrors = data.find('gcr.io/distroless/base').map(({ mirror }) => mirror);
    expect(mirrors).toEqual(['docker.io/gcrxio/base', 'registry.example/mirror/base']);
    expect(data.find('gcr.io/distroless/java/17').map(({ mirror }) => mirror)).toEqual([
      'docker.io/gcrxio/java_17',
    ]);
    expect(data.find('constructor')).toEqual([]);
  });

  it('counts as the action does', () => {
    fc.assert(
      fc.property(catalogues, (catalogue) => {
        const { images, tagCount } = pageData(catalogue);
        expect({ images: images.length, tags: tagCount }).toMatchObject({
          images: countCatalogue(catalogue).images,
          tags: countCatalogue(catalogue).tags,
        });
      }),
    );
  });
});

describe('tagsOf', () => {
  it('has latest first, then the highest versions', () => {
    const [image] = data.find('registry.k8s.io/kube-apiserver');
    expect(image && tagsOf(image).map(({ tag }) => tag)).toEqual(['v1.31.10', 'v1.31.2', 'v1.9.0']);
    expect(base && tagsOf(base)[0]?.tag).toBe('latest');
  });

  it('has all that is known of each tag', () => {
    const tags = base ? tagsOf(base) : [];
    expect(tags.find(({ tag }) => tag === 'latest')).toEqual({
      tag: 'latest',
      digest: digest(1),
      same: ['latest', 'nonroot'],
    });
    expect(tags.find(({ tag }) => tag === 'old')).toEqual({ tag: 'old', same: ['old'] });
    expect(tags.find(({ tag }) => tag === 'debug')).toEqual({
      tag: 'debug',
      digest: digest(3),
      source: digest(2),
      platforms: ['linux/amd64', 'linux/arm64'],
      same: ['debug'],
    });
  });
});

describe('hasTag', () => {
  it('is true for tags of the image, in their own case', () => {
    const [java] = data.find('gcr.io/distroless/java/17');
    expect(java && [hasTag(java, 'Debug'), hasTag(java, 'debug')]).toEqual([true, false]);
  });
});
