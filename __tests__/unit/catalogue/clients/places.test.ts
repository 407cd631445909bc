import { describe, expect, it } from 'vitest';
import { placesOf, registryOf, spellings } from '../../../../src/catalogue/clients/places.ts';
import { SMALL } from '../../../support/fixtures/page-data.ts';

describe('placesOf', () => {
  it('has all repositories of each image', () => {
    const places = placesOf(SMALL);
    expect(places.find(({ ref }) => ref === 'gcr.io/distroless/base')?.mirrors).toEqual([
      'docker.io/gcrxio/base',
      'registry.example/mirror/base',
    ]);
    expect(places.map(({ ref }) => ref)).toEqual(places.map(({ ref }) => ref).toSorted());
  });
});

describe('registryOf', () => {
  it('is the part before the first slash', () => {
    expect(registryOf('localhost:5000/a/b')).toBe('localhost:5000');
  });
});

describe('spellings', () => {
  it.each([
    ['gcr.io/a', ['gcr.io/a']],
    ['docker.io/grafana/grafana', ['docker.io/grafana/grafana', 'grafana/grafana']],
    ['docker.io/library/nginx', ['docker.io/library/nginx', 'library/nginx', 'docker.io/nginx', 'nginx']],
  ])('are what people write for %s', (ref, all) => {
    expect(spellings(ref)).toEqual(all);
  });
});
