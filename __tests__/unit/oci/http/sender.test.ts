import { describe, expect, it } from 'vitest';
import type { Credential } from '../../../../src/oci/auth/credentials.ts';
import { downloadBlob } from '../../../../src/oci/blob-download.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { testRegistries } from '../../../support/fixtures/clients.ts';
import { makeImage } from '../../../support/fixtures/images.ts';
import { type FakeNetwork, fakeNetwork } from '../../../support/network/fake-network.ts';

const IMAGE = makeImage({ seed: 'gateway' });
const BLOB = Buffer.from('{"blob": true}');
const DESCRIPTOR = { digest: digestOf(BLOB), size: BLOB.length };

/** `https://gateway.example`, with accounts, whose images are at `https://second.example`, which wants anonymous tokens. */
function gateway(): FakeNetwork {
  return fakeNetwork(({ url, authorization }) => {
    if (url.href.startsWith('https://auth.gateway.example/'))
      return { status: 200, body: '{"token":"first"}' };
    if (url.host === 'gateway.example') {
      if (authorization === 'Bearer first' && url.pathname.startsWith('/v2/a/'))
        return { status: 307, headers: { location: 'https://second.example/v2/inner/a/manifests/v1' } };
      if (authorization === 'Bearer first') return { status: 200, body: '{"tags":["v1"]}' };
      return {
        status: 401,
        headers: {
          'www-authenticate': 'Bearer realm="https://auth.gateway.example/token",service="gateway"',
        },
      };
    }
    if (authorization !== undefined && authorization !== 'Bearer second')
      return { status: 500, body: 'another credential was sent here' };
    if (url.pathname === '/token') {
      const isScope = url.searchParams.get('scope') === 'repository:inner/a:pull';
      return isScope ? { status: 200, body: '{"token":"second"}' } : { status: 403 };
    }
    if (authorization === 'Bearer second')
      return { status: 200, headers: { 'content-type': IMAGE.mediaType }, body: Buffer.from(IMAGE.bytes) };
    const challenge =
      'Bearer realm="https://second.example/token",service="second",scope="repository:inner/a:pull"';
    return { status: 401, headers: { 'www-authenticate': challenge } };
  });
}

describe('a redirect to another registry with its own token service', () => {
  const credentials = async (): Promise<Credential> => ({
    username: 'u',
    password: 'secret-pa55',
    providedBy: 'the test',
  });

  it('is answered with an anonymous token of that registry, once for its repository', async () => {
    const { dispatcher, requests } = gateway();
    const client = testRegistries({ dispatcher, retries: 0, credentials }).source('gateway.example');
    expect((await client.getManifest('a', 'v1'))?.digest).toBe(IMAGE.digest);
    expect((await client.getManifest('a', 'v1'))?.digest).toBe(IMAGE.digest);
    expect(requests.filter(({ url }) => url.href.startsWith('https://second.example/token'))).toHaveLength(1);
  });

  it('does not change the challenge of the first registry', async () => {
    const { dispatcher } = gateway();
    const client = testRegistries({ dispatcher, retries: 0, credentials }).source('gateway.example');
    await client.getManifest('a', 'v1');
    expect(await client.listTags('b')).toEqual(['v1']);
  });

  it('fails with an error that names both, and blames no credentials, when there is no anonymous access', async () => {
    const { dispatcher, requests } = fakeNetwork(({ url }) =>
      url.host === 'gateway.example'
        ? { status: 307, headers: { location: 'https://second.example/v2/b/manifests/v1' } }
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="second"' } },
    );
    const client = testRegistries({ dispatcher, retries: 0, credentials }).source('gateway.example');
    const failure = client.getManifest('a', 'v1');
    await expect(failure).rejects.toThrow(/gateway\.example redirects to second\.example, which refuses/);
    await expect(failure).rejects.not.toThrow(/credentials from the test/);
    expect(requests.every(({ authorization }) => authorization === undefined)).toBe(true);
  });
});

describe('a signed URL of storage that has expired', () => {
  const expired =
    '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>';

  it.each([400, 401, 403])('with status %d makes the request start at the registry again', async (status) => {
    let signed = 0;
    const { dispatcher } = fakeNetwork(({ url }) => {
      if (url.host === 'r.example')
        return { status: 307, headers: { location: `https://s3.example/b?sig=${(signed += 1)}` } };
      return url.search === '?sig=1' ? { status, body: expired } : { status: 200, body: BLOB };
    });
    const client = testRegistries({ dispatcher }).source('r.example');
    expect(Buffer.concat(await Array.fromAsync(downloadBlob(client, 'a', DESCRIPTOR)))).toEqual(BLOB);
    expect(signed).toBe(2);
  });

  it('again and again is an error about the storage, not about credentials', async () => {
    const { dispatcher } = fakeNetwork(({ url }) =>
      url.host === 'r.example'
        ? { status: 307, headers: { location: 'https://s3.example/b?sig=geheim' } }
        : { status: 403, body: expired },
    );
    const failure = Array.fromAsync(
      downloadBlob(testRegistries({ dispatcher }).source('r.example'), 'a', DESCRIPTOR),
    );
    await expect(failure).rejects.toThrow(
      /status 403, AccessDenied: Request has expired\. r\.example redirects to s3\.example, which refuses/,
    );
    await expect(failure).rejects.not.toThrow(/geheim|No credentials/);
  });
});

describe('a registry with storage inside a private network', () => {
  const registry = (): ReturnType<typeof fakeNetwork> =>
    fakeNetwork(({ url }) =>
      url.host === 'r.example'
        ? { status: 307, headers: { location: 'https://minio.corp.internal:9000/b?X-Amz-Signature=s' } }
        : { status: 200, body: BLOB },
    );

  it('is pulled from when the host of the storage is trusted', async () => {
    const { dispatcher } = registry();
    const trustedHosts = new Set(['minio.corp.internal']);
    const client = testRegistries({ dispatcher, retries: 0, trustedHosts }).source('r.example');
    expect(Buffer.concat(await Array.fromAsync(downloadBlob(client, 'a', DESCRIPTOR)))).toEqual(BLOB);
  });

  it('fails with an error that names host and input', async () => {
    const { dispatcher } = registry();
    const client = testRegistries({ dispatcher, retries: 0 }).source('r.example');
    const failure = Array.fromAsync(downloadBlob(client, 'a', DESCRIPTOR));
    await expect(failure).rejects.toThrow(/minio\.corp\.internal:9000\/b, .* input "trusted-hosts"/);
    await expect(failure).rejects.not.toThrow(/X-Amz/);
  });
});
