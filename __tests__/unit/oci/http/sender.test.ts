import { describe, expect, it } from 'vitest';
import { downloadBlob } from '../../../../src/oci/blob-download.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { testRegistries } from '../../../support/fixtures/clients.ts';
import { fakeNetwork } from '../../../support/network/fake-network.ts';

const BLOB = Buffer.from('{"blob": true}');
const DESCRIPTOR = { digest: digestOf(BLOB), size: BLOB.length };

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
