import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExact, parseReference } from '../../../src/inputs/reference.ts';
import { digest } from '../../support/fixtures/digests.ts';

const D = digest(1);

describe('parseReference', () => {
  it.each([
    ['nginx:1.27', 'docker.io', 'library', 'nginx', { tag: '1.27' }],
    ['nginx', 'docker.io', 'library', 'nginx', undefined],
    ['grafana/grafana:12.0.0', 'docker.io', 'grafana', 'grafana', { tag: '12.0.0' }],
    ['index.docker.io/nginx', 'docker.io', 'library', 'nginx', undefined],
    ['registry.k8s.io/pause:3.10', 'registry.k8s.io', '', 'pause', { tag: '3.10' }],
    ['quay.io/a/b/c:v1', 'quay.io', 'a/b', 'c', { tag: 'v1' }],
    [`quay.io/x/y@${D}`, 'quay.io', 'x', 'y', { digest: D }],
    [`quay.io/x/y:v1@${D}`, 'quay.io', 'x', 'y', { tag: 'v1', digest: D }],
    ['localhost/x:1', 'localhost', '', 'x', { tag: '1' }],
    ['LOCALHOST:5000/x', 'localhost:5000', '', 'x', undefined],
    ['[::1]:5000/a/b:c', '[::1]:5000', 'a', 'b', { tag: 'c' }],
  ])('reads %s as docker does', (text, registry, path, image, reference) => {
    expect(parseReference(text)).toEqual({
      namespace: { registry, path },
      image,
      ...(reference && { reference }),
    });
  });

  it.each([
    ['', /is not a reference/],
    ['Nginx', /lower case/],
    ['a b', /is not a reference/],
    ['nginx:', /"" is not a tag/],
    ['nginx:a:b', /"a:b" is not a tag/],
    ['nginx@sha256:abc', /"sha256:abc" is not a digest/],
    [`nginx@${D.toUpperCase()}`, /is not a digest/],
    ['quay.io', /is not a reference|docker/],
    ['ex ample.com/x', /is not a/],
    ['-option', /is not a reference/],
    ['https://quay.io/x/y', /is not a/],
    ['quay.io/../x', /is not a reference/],
    ['x'.repeat(700), /longer than any reference/],
  ])('refuses %j', (text, message) => {
    const parsed = parseReference(text);
    if (text === 'quay.io') expect(parsed).toMatchObject({ namespace: { registry: 'docker.io' } });
    else expect(parsed).toMatch(message);
  });

  it('finds the parts again that a reference is put together from', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,5}(?:[._-][a-z0-9]{1,3})?$/);
    const host = fc.constantFrom('quay.io', 'registry.k8s.io', 'localhost:5000', 'docker.io');
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,8}$/);
    fc.assert(
      fc.property(
        host,
        fc.array(part, { minLength: 2, maxLength: 4 }),
        fc.option(tag),
        fc.boolean(),
        (at, parts, label, pin) => {
          const text = `${at}/${parts.join('/')}${label === null ? '' : `:${label}`}${pin ? `@${D}` : ''}`;
          const reference = { ...(label !== null && { tag: label }), ...(pin && { digest: D }) };
          expect(parseReference(text)).toEqual({
            namespace: { registry: at, path: parts.slice(0, -1).join('/') },
            image: parts.at(-1),
            ...((label !== null || pin) && { reference }),
          });
        },
      ),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => ['string', 'object'].includes(typeof parseReference(text))));
  });
});

describe('parseExact', () => {
  it('reads a tag, a digest, or both', () => {
    expect(parseExact('v1')).toEqual({ tag: 'v1' });
    expect(parseExact(D)).toEqual({ digest: D });
    expect(parseExact(`v1@${D}`)).toEqual({ tag: 'v1', digest: D });
  });

  it.each(['', ' v1', 'a/b', 'v*', 'sha256:abc', 'v1@sha256:abc', `${'x'.repeat(129)}`])(
    'refuses %j',
    (text) => {
      expect(parseExact(text)).toMatch(/is (?:neither a tag nor|not) a digest/);
    },
  );
});
