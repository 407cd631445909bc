import { createHash } from 'node:crypto';
import type { RegistryClient } from './client.ts';
import { pull } from './client.ts';
import { RegistryError } from './errors.ts';
import type { Descriptor } from './manifest.ts';
import { isNetworkError } from './retry.ts';
import type { RegistryResponse } from './http.ts';

/** How often a download that made progress goes on after a break. */
const MAX_RESUMES = 20;

/**
 * Streams a blob, checked: the last chunk is given out only when size and digest of the whole are right, so that
 * what ends is what the descriptor names. A download that breaks goes on where it broke.
 *
 * @throws RegistryError, retryable, when the content is not what `descriptor` names
 */
export async function* downloadBlob(
  client: RegistryClient,
  repository: string,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { digest, size } = descriptor;
  const [algorithm = '', hex] = digest.split(':');
  const hash = createHash(algorithm);
  let received = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of resumed(client, repository, descriptor)) {
    received += chunk.length;
    if (received > size) break;
    hash.update(chunk);
    if (held) yield held;
    held = chunk;
  }
  if (received !== size || hash.digest('hex') !== hex) {
    const cause =
      received === size
        ? `the content of ${digest} does not have that digest`
        : `${received > size ? 'more than ' : ''}${received} bytes came for ${digest}, which has ${size}`;
    throw new RegistryError({ ...blobRequest(client, repository, digest), cause, retryable: true });
  }
  if (held) yield held;
}

/** The bytes of a blob from one or more answers. */
async function* resumed(
  client: RegistryClient,
  repository: string,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = 0;
  for (let resumes = 0; ; resumes += 1) {
    const before = offset;
    const response = await openBlob(client, repository, digest, offset);
    try {
      let skip = response.status === 206 ? 0 : offset;
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        const rest = chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - rest.length;
        if (rest.length === 0) continue;
        offset += rest.length;
        yield rest;
      }
      return;
    } catch (error) {
      if (!isNetworkError(error) || offset === before || offset >= size || resumes === MAX_RESUMES)
        throw error;
    } finally {
      response.release();
    }
  }
}

async function openBlob(
  client: RegistryClient,
  repository: string,
  digest: string,
  offset: number,
): Promise<RegistryResponse & { release: () => void }> {
  return client.transport.open({
    method: 'GET',
    url: `/v2/${repository}/blobs/${digest}`,
    headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
    scopes: [pull(repository)],
    expect: offset > 0 ? [200, 206] : [200],
  });
}

function blobRequest(
  client: RegistryClient,
  repository: string,
  digest: string,
): { method: string; url: URL } {
  return { method: 'GET', url: new URL(`https://${client.registry}/v2/${repository}/blobs/${digest}`) };
}
