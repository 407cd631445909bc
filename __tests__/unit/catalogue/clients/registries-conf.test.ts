import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placesOf } from '../../../../src/catalogue/clients/places.ts';
import {
  mirrorPrefixes,
  renderRegistriesConf,
  resolve,
} from '../../../../src/catalogue/clients/registries-conf.ts';
import { catalogues, manifestOf, partFor } from '../../../support/fixtures/catalogues.ts';
import { SMALL } from '../../../support/fixtures/page-data.ts';

describe('renderRegistriesConf', () => {
  it('has an entry for each namespace, and for images whose names do not follow from it', () => {
    expect(
      renderRegistriesConf([
        partFor(manifestOf('gcr.io/ns', 'docker.io/m', { a: { v1: null }, 'b/c': { v1: null } })),
      ]),
    ).toBe(`[[registry]]
prefix = "gcr.io/ns"
location = "gcr.io/ns"

[[registry.mirror]]
location = "docker.io/m"

[[registry]]
prefix = "gcr.io/ns/b/c"
location = "gcr.io/ns/b/c"

[[registry.mirror]]
location = "docker.io/m/b_c"`);
  });

  it('is empty without images', () => {
    expect(renderRegistriesConf([])).toBe('');
  });
});

describe('mirrorPrefixes', () => {
  it('leads from each image to its places, and to nothing else', () => {
    fc.assert(
      fc.property(catalogues, (catalogue) => {
        const prefixes = mirrorPrefixes(catalogue);
        for (const { ref, mirrors } of placesOf(catalogue)) expect(resolve(ref, prefixes)).toEqual(mirrors);
      }),
    );
  });

  it('takes one entry where all names follow from the namespace', () => {
    expect(mirrorPrefixes(SMALL).get('docker.io/library')).toEqual(['registry.example/mirror']);
    expect(mirrorPrefixes(SMALL).has('docker.io/library/nginx')).toBe(false);
  });
});
