import { describe, expect, it } from 'vitest';
import { downloadBlob } from '../../../../src/oci/blob-download.ts';
import { startUpload, uploadWhole } from '../../../../src/oci/blob-upload.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { resolveLocation } from '../../../../src/oci/http/location.ts';
import { testRegistries } from '../../../support/fixtures/clients.ts';
import { fakeNetwork } from '../../../support/network/fake-network.ts';

const BLOB = Buffer.from('{"blob": true}');
const DESCRIPTOR = { digest: digestOf(BLOB), size: BLOB.length };

describe('resolveLocation', () => {
  it.each([
    ['a path', 'https://r.io/v2/a', '/v2/b?x=1', 'https://r.io/v2/b?x=1'],
    ['another host', 'https://r.io/v2/a', 'https://s3.io/b', 'https://s3.io/b'],
    ['http: behind TLS', 'https://r.io/v2/a', 'http://r.io/v2/b?x=1', 'https://r.io/v2/b?x=1'],
    ['http: with the port of TLS', 'https://r.io:8443/v2/a', 'http://r.io:8443/b', 'https://r.io:8443/b'],
    ['http: at an inner port', 'https://r.io/v2/a', 'http://r.io:5000/v2/b', 'https://r.io/v2/b'],
    ['http: without the port', 'https://r.io:8443/v2/a', 'http://r.io/v2/b', 'https://r.io:8443/v2/b'],
    ['no port', 'https://r.io:8443/v2/a', 'https://r.io/v2/b', 'https://r.io:8443/v2/b'],
    ['no port, over http', 'http://r.io:5000/v2/a', 'http://r.io/v2/b', 'http://r.io:5000/v2/b'],
    ['no scheme', 'https://r.io/v2/a', 'r.io/v2/b', 'https://r.io/v2/b'],
    [
      'storage at the default port',
      'https://r.io:8443/v2/a',
      'https://r.io/bucket/b',
      'https://r.io/bucket/b',
    ],
    ['storage at another port', 'https://r.io/v2/a', 'https://r.io:9000/v2/b', 'https://r.io:9000/v2/b'],
    ['http: storage at another port', 'https://r.io/v2/a', 'http://r.io:9000/b', 'http://r.io:9000/b'],
    ['an upgrade to TLS', 'http://r.io/v2/a', 'https://r.io/v2/b', 'https://r.io/v2/b'],
    ['http: of another host', 'https://r.io/v2/a', 'http://inner:5000/v2/b', 'http://inner:5000/v2/b'],
  ])('resolves %s', (_, from, location, expected) => {
    expect(resolveLocation(location, new URL(from))?.href).toBe(expected);
  });

  it('is undefined when malformed', () => {
    expect(resolveLocation('https://', new URL('https://r.io/'))).toBeUndefined();
  });
});

describe('a registry behind a proxy that ends TLS', () => {
  it.each(['http://r.io/v2/a/x', 'http://r.io:5000/v2/a/x', 'https://r.io/v2/a/x'])(
    'is pulled from and pushed to, although it names itself %s',
    async (location) => {
      const { dispatcher, requests } = fakeNetwork(({ method, url }) => {
        if (url.pathname !== '/v2/a/x')
          return { status: method === 'POST' ? 202 : 307, headers: { location } };
        return method === 'PUT' ? { status: 201 } : { status: 200, body: BLOB };
      });
      const client = testRegistries({ dispatcher, retries: 0 }).source('r.io:8443');
      expect(Buffer.concat(await Array.fromAsync(downloadBlob(client, 'a', DESCRIPTOR)))).toEqual(BLOB);
      const start = await startUpload(client, 'a', DESCRIPTOR.digest, 'a');
      if (start.kind !== 'session') throw new Error('mounted');
      await uploadWhole(client, 'a', DESCRIPTOR.digest, start.location, { size: BLOB.length, content: BLOB });
      expect(new Set(requests.map(({ url }) => url.origin))).toEqual(new Set(['https://r.io:8443']));
    },
  );

  it('gets X-Forwarded-Proto named when it names another host without TLS', async () => {
    const { dispatcher } = fakeNetwork(() => ({
      status: 307,
      headers: { location: 'http://registry.inner:5000/v2/a/x' },
    }));
    const client = testRegistries({ dispatcher, retries: 0 }).source('r.io');
    await expect(client.getManifest('a', 'v1')).rejects.toThrow(
      /registry\.inner:5000\/v2\/a\/x, which is refused.*X-Forwarded-Proto/,
    );
  });
});
