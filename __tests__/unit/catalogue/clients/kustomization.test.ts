import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderKustomization } from '../../../../src/catalogue/clients/kustomization.ts';
import { SMALL } from '../../../support/fixtures/page-data.ts';

const Component = v.object({ kind: v.string(), images: v.array(v.unknown()) });

describe('renderKustomization', () => {
  it('has the name at the mirror for each spelling of a name', () => {
    const { images, kind } = v.parse(Component, parse(renderKustomization(SMALL)));
    expect(kind).toBe('Component');
    expect(images).toContainEqual({ name: 'gcr.io/distroless/java/17', newName: 'docker.io/gcrxio/java_17' });
    expect(images).toContainEqual({ name: 'nginx', newName: 'registry.example/mirror/nginx' });
    expect(images).toContainEqual({
      name: 'docker.io/library/nginx',
      newName: 'registry.example/mirror/nginx',
    });
  });

  it('is valid without images', () => {
    expect(parse(renderKustomization([]))).toMatchObject({ images: [] });
  });
});
