import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeName, linkTo, parseReference, parseRoute } from '../../../catalogue/reference.ts';
import { imageNames, tagNames } from '../../support/fixtures/recorded-images.ts';

describe('parseReference', () => {
  it.each([
    ['nginx', { ref: 'nginx' }],
    ['nginx:1.27', { ref: 'nginx', tag: '1.27' }],
    ['localhost:5000/a/b', { ref: 'localhost:5000/a/b' }],
    ['[::1]:5000/a:v1', { ref: '[::1]:5000/a', tag: 'v1' }],
    ['gcr.io/a/b:v1@sha256:abc', { ref: 'gcr.io/a/b', tag: 'v1', digest: 'sha256:abc' }],
    ['gcr.io/a@sha256:abc', { ref: 'gcr.io/a', digest: 'sha256:abc' }],
    ['base:', { ref: 'base' }],
  ])('splits %s', (text, parts) => {
    expect(parseReference(text)).toEqual(parts);
  });
});

describe('completeName', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx'],
    ['grafana/grafana', 'docker.io/grafana/grafana'],
    ['docker.io/nginx', 'docker.io/library/nginx'],
    ['index.docker.io/a/b', 'docker.io/a/b'],
    ['registry.k8s.io/pause', 'registry.k8s.io/pause'],
    ['localhost/x', 'localhost/x'],
  ])('completes %s', (ref, complete) => {
    expect(completeName(ref)).toBe(complete);
  });
});

describe('parseRoute', () => {
  it.each([
    ['', { kind: 'home' }],
    ['#', { kind: 'home' }],
    ['#setup', { kind: 'setup' }],
    ['#check', { kind: 'check' }],
    ['#?q=base%20debug', { kind: 'home', query: 'base debug' }],
    ['#/gcr.io/a/b:v1', { kind: 'image', ref: 'gcr.io/a/b', tag: 'v1' }],
    ['#/gcr.io/a:v1?at=docker.io/x/a', { kind: 'image', ref: 'gcr.io/a', tag: 'v1', at: 'docker.io/x/a' }],
    ['#/%E0%A4%A', { kind: 'image', ref: '%E0%A4%A' }],
    ['#<img src=x>', { kind: 'home' }],
  ])('reads %s', (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
  });

  it('leads back to what linkTo links', () => {
    fc.assert(
      fc.property(imageNames, tagNames, (image, tag) => {
        const ref = `gcr.io/${image}`;
        expect(parseRoute(linkTo(ref, tag))).toEqual({ kind: 'image', ref, tag });
        expect(parseRoute(linkTo(ref))).toEqual({ kind: 'image', ref });
        expect(parseRoute(linkTo(ref, tag, image))).toEqual({ kind: 'image', ref, tag, at: image });
      }),
    );
  });
});
