import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { downloadBlob } from '../../../src/oci/blob-download.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { USER_AGENT } from '../../../src/oci/user-agent.ts';
import { testRegistries } from '../../support/fixtures/clients.ts';
import { fakeNetwork } from '../../support/network/fake-network.ts';

const BLOB = Buffer.from('{"blob": true}');

describe('USER_AGENT', () => {
  it('has the version in package.json', () => {
    const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
    const [, version] = /"version": "([^"]+)"/.exec(text) ?? [];
    expect(USER_AGENT).toBe(`gcrxio-sync-action/${version} (+https://github.com/gcrxio/sync-action)`);
  });

  it('is sent to registry, token service, storage and other APIs', async () => {
    const { dispatcher, requests } = fakeNetwork(({ url, authorization, headers }) => {
      if (headers.get('user-agent') !== USER_AGENT)
        return { status: 403, headers: { 'content-type': 'text/html' }, body: '<p>Please set a user-agent' };
      if (url.host === 'auth.r.example') return { status: 200, body: '{"token":"t"}' };
      if (url.host !== 'r.example') return { status: 200, body: BLOB };
      if (authorization === 'Bearer t')
        return { status: 307, headers: { location: 'https://storage.example/blob' } };
      return { status: 401, headers: { 'www-authenticate': 'Bearer realm="https://auth.r.example/token"' } };
    });
    const registries = testRegistries({ dispatcher, retries: 0 });
    const descriptor = { digest: digestOf(BLOB), size: BLOB.length };
    await Array.fromAsync(downloadBlob(registries.source('r.example'), 'a', descriptor));
    const api = registries.api(new URL('https://hub.example'));
    await api.send({ method: 'GET', url: '/v2/x', scopes: [], expect: [200] }, async ({ body }) =>
      body.dump(),
    );
    expect(requests.map(({ url }) => url.host)).toEqual([
      'r.example',
      'auth.r.example',
      'r.example',
      'storage.example',
      'hub.example',
    ]);
  });
});
