import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Address } from '../../../../src/oci/http/address.ts';

const BASE = new URL('http://r.io:5000');

describe('Address', () => {
  it('has the parts of its URL', () => {
    const url = new URL('https://r.io/v2/a/blobs/uploads/1?_state=x%3D');
    const address = Address.of(url);
    const parts = { origin: 'https://r.io', host: 'r.io', path: '/v2/a/blobs/uploads/1?_state=x%3D' };
    expect(address).toMatchObject(parts);
    expect(address.url).toBe(url);
    expect(Address.of(BASE).at(url)).toMatchObject(parts);
  });

  it.each([
    '/v2/',
    '/v2/a/b-c_d.e/manifests/sha256:00',
    '/v2/a/tags/list?n=100&last=v1',
    '/v2/a/blobs/uploads/?mount=sha256%3A00&from=a%2Fb',
    '/v2/../v1/x',
    '/v2/%2e%2E/x',
    '/v2/a b',
    '/v2/a?x= "\'<>#y',
    '/v2/ü',
    '/v2\\a',
    '//other.io/v2/',
    'https://other.io/v2/',
  ])('resolves %j like a URL', (path) => {
    expectSame(path);
  });

  it('resolves any path like a URL', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.webQueryParameters(), (path, query) => expectSame(`/v2${path}?${query}`)),
    );
    fc.assert(fc.property(fc.string(), (text) => expectSame(`/v2/${text}`)));
  });
});

function expectSame(path: string): void {
  const { origin, host, pathname, search, href } = new URL(path, BASE);
  const address = Address.of(BASE).at(path);
  expect(address).toMatchObject({ origin, host, path: pathname + search });
  expect(address.url.href).toBe(href);
}
