import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_TAGS, type Row, parseQuery, search } from '../../../catalogue/search.ts';
import { catalogues, manifestOf, partFor } from '../../support/fixtures/catalogues.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { SMALL, pageData } from '../../support/fixtures/page-data.ts';

const data = pageData(SMALL);
const show = (row: Row): string =>
  row.kind === 'image' ? row.image.ref : row.kind === 'tag' ? `  ${row.tag}` : `  +${row.count}`;
const find = (text: string): string[] => search(data, parseQuery(text)).map(show);

describe('search', () => {
  it('lists all images when nothing is typed', () => {
    expect(find(' ')).toHaveLength(data.images.length);
  });

  it('puts the image of that name first, then those whose names begin or go on', () => {
    expect(find('base').slice(0, 3)).toEqual([
      'gcr.io/distroless/base',
      'gcr.io/distroless/base',
      'gcr.io/distroless/base-debian12',
    ]);
  });

  it('finds a reference as it stands in a manifest', () => {
    expect(find('registry.k8s.io/kube-apiserver:v1.31.2')).toEqual([
      'registry.k8s.io/kube-apiserver',
      '  v1.31.2',
    ]);
  });

  it('finds the name at the mirror', () => {
    expect(find('docker.io/gcrxio/java_17')).toEqual(['gcr.io/distroless/java/17']);
    expect(find('docker.io/gcrxio/pause:3.10')).toEqual(['registry.k8s.io/pause', '  3.10']);
  });

  it('finds the image of a reference by digest, and each tag of a digest', () => {
    expect(find(digest(80))).toEqual(['docker.io/library/nginx', '  1.27', '  latest']);
    expect(find(`nginx@${digest(80)}`)).toEqual(['docker.io/library/nginx', '  1.27', '  latest']);
    expect(find(digest(1234))).toEqual([]);
  });

  it('finds a digest by its beginning', () => {
    const hex = 'c0ffee0123456789'.repeat(4);
    const one = pageData([partFor(manifestOf('gcr.io/a', 'docker.io/b', { x: { v1: `sha256:${hex}` } }))]);
    for (let length = 12; length <= 64; length += 1) {
      expect(search(one, parseQuery(`sha256:${hex.slice(0, length)}`))).toHaveLength(2);
      expect(search(one, parseQuery(`sha256:${hex.slice(0, length - 1)}f`))).toHaveLength(
        hex[length - 1] === 'f' ? 2 : 0,
      );
    }
  });

  it('wants all words, in the name or in the tag, in any order and case', () => {
    expect(find('DEBUG distroless java')).toEqual(['gcr.io/distroless/java/17', '  Debug']);
    expect(find('java nonroot')).toEqual([]);
  });

  it('lists equal tags first', () => {
    const tags = { 'a-v1': null, v1: null, 'v1.2': null };
    const one = pageData([partFor(manifestOf('gcr.io/n', 'docker.io/m', { x: tags }))]);
    expect(search(one, parseQuery('v1')).map(show)).toEqual(['gcr.io/n/x', '  v1', '  v1.2', '  a-v1']);
  });

  it('lists some of many tags, and says how many more there are', () => {
    const tags = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`v${index}`, null]));
    const one = pageData([partFor(manifestOf('gcr.io/n', 'docker.io/m', { x: tags }))]);
    const rows = search(one, parseQuery('v'));
    expect(rows).toHaveLength(MAX_TAGS + 2);
    expect(rows.at(-1)).toMatchObject({ kind: 'more', count: 50 - MAX_TAGS });
  });

  it('finds every tag by its own reference', () => {
    fc.assert(
      fc.property(catalogues, (catalogue) => {
        const all = pageData(catalogue);
        for (const image of all.images.slice(0, 4))
          for (const tag of image.tags.flat().slice(0, 3)) {
            const rows = search(all, parseQuery(`${image.ref}:${tag}`));
            expect(rows).toContainEqual({ kind: 'tag', image, tag });
          }
      }),
      { numRuns: 30 },
    );
  });

  it('never fails, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(Array.isArray(search(data, parseQuery(text)))).toBe(true);
      }),
    );
  });
});
