import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ImageReference,
  formatReference,
  parseExactReference,
  parseReference,
} from '../../../src/inputs/reference.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;

const part = fc.stringMatching(/^[a-z0-9]{1,5}(?:[._-][a-z0-9]{1,5})?$/);
const references: fc.Arbitrary<ImageReference> = fc
  .record({
    registry: fc.constantFrom('quay.io', 'localhost:5000', '[::1]:5000', 'registry.k8s.io'),
    path: fc.array(part, { maxLength: 3 }),
    image: part,
    tag: fc.option(fc.stringMatching(/^[\w][\w.-]{0,20}$/), { nil: undefined }),
    digest: fc.constantFrom(undefined, DIGEST),
  })
  .map(({ registry, path, image, tag, digest }) => ({
    namespace: { registry, path: path.join('/') },
    image,
    ...(tag !== undefined && { tag }),
    ...(digest && { digest }),
  }));

describe('parseReference', () => {
  it.each([
    ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
    ['nginx', 'docker.io/library/nginx'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['docker.io/nginx', 'docker.io/library/nginx'],
    ['index.docker.io/library/nginx', 'docker.io/library/nginx'],
    ['grafana/grafana:1', 'docker.io/grafana/grafana:1'],
    ['localhost/a', 'localhost/a'],
    ['localhost:5000', 'docker.io/library/localhost:5000'],
    ['host:5000/a/b:v1', 'host:5000/a/b:v1'],
    [`quay.io/x/y@${DIGEST}`, `quay.io/x/y@${DIGEST}`],
    [`quay.io/x/y:v1@${DIGEST}`, `quay.io/x/y:v1@${DIGEST}`],
  ])('reads %s as %s', (text, full) => {
    const reference = parseReference(text);
    expect(typeof reference === 'string' ? reference : formatReference(reference)).toBe(full);
  });

  it.each([
    ['', /names no repository/],
    ['a:', /"" is not a tag/],
    ['a:b c', /is not a tag/],
    ['a:v1@sha256:1', /is not a digest/],
    ['Nginx', /is not a repository path/],
    ['https://quay.io/x/y', /remove the ":\/\/"/],
    ['quay.io/', /nothing follows the "\/"/],
    [`a/${'b'.repeat(700)}`, /longer than 600 characters/],
  ])('refuses %j', (text, problem) => {
    expect(parseReference(text)).toMatch(problem);
  });

  it('reads what formatReference writes', () => {
    fc.assert(
      fc.property(references, (reference) => {
        expect(parseReference(formatReference(reference))).toEqual(reference);
      }),
    );
  });

  it('reads or refuses any text, and what it reads is written in one way', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('ab./:@_-[]# \n')) }), (text) => {
        const reference = parseReference(text);
        if (typeof reference === 'string') return;
        expect(parseReference(formatReference(reference))).toEqual(reference);
      }),
    );
  });
});

describe('parseExactReference', () => {
  it('reads a tag, a digest, and a tag with its digest', () => {
    expect(parseExactReference('v1')).toEqual({ tag: 'v1' });
    expect(parseExactReference(DIGEST)).toEqual({ digest: DIGEST });
    expect(parseExactReference(`v1@${DIGEST}`)).toEqual({ tag: 'v1', digest: DIGEST });
  });

  it.each(['', '-a', `@${DIGEST}`, 'v1@', 'sha256:1', 'a:b'])('refuses %j', (text) => {
    expect(parseExactReference(text)).toMatch(/is not a (?:tag|digest)/);
  });
});
