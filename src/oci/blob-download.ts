import { createHash } from 'node:crypto';
import { type RegistryClient, pull } from './client.ts';
import { RegistryError, messageOf } from './errors.ts';
import { type RegistryResponse, headerOf } from './http/message.ts';
import { isNetworkError } from './http/retry.ts';
import type { Descriptor } from './manifest.ts';

/** How often a download that made progress goes on after a break. */
const MOST_RESUMES = 20;

/** What a registry has under a digest is not what the digest names, or not all of it. */
export class ContentError extends RegistryError {}

/** A blob, and where it is. */
interface BlobSource {
  readonly client: RegistryClient;
  readonly repository: string;
  readonly descriptor: Pick<Descriptor, 'digest' | 'size'>;
}

/**
 * Streams a blob, checked: the last chunk is given out only when size and digest of the whole are right, so that
 * what ends is what the descriptor names. A download that breaks or ends early goes on where it stopped.
 *
 * @param signal calls the download off: its connection is closed then, also while nothing comes
 * @throws ContentError when the content is not what `descriptor` names; RegistryError when it can't be had
 */
export async function* downloadBlob(
  client: RegistryClient,
  repository: string,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = { client, repository, descriptor };
  const { digest, size } = descriptor;
  const [algorithm = '', hex] = digest.split(':');
  const hash = createHash(algorithm);
  let received = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of resumed(source, signal)) {
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
    throw new ContentError({ method: 'GET', url: urlOf(source), cause, retryable: true });
  }
  if (held) yield held;
}

/** The bytes of a blob from one or more answers. */
async function* resumed(
  source: BlobSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { size } = source.descriptor;
  let offset = 0;
  for (let resumes = 0; ; resumes += 1) {
    const before = offset;
    let broken: unknown;
    const response = await openRest(source, offset, signal);
    try {
      let skip = overlap(response, offset);
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        const rest = chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - rest.length;
        if (rest.length === 0) continue;
        offset += rest.length;
        yield rest;
      }
    } catch (error) {
      if (!isNetworkError(error)) throw error;
      broken = error;
    } finally {
      response.release();
    }
    // With all bytes there it does not matter how the answer ended; the digest tells whether they are right.
    if (offset >= size) return;
    if (offset > before && resumes < MOST_RESUMES) continue;
    if (broken === undefined) return;
    throw breakOf(source, broken);
  }
}

/** Asks for the blob from `offset` on, or whole where the registry can't give a part. */
async function openRest(
  source: BlobSource,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<RegistryResponse & { release: () => void }> {
  const { client, repository } = source;
  const open = async (headers: Readonly<Record<string, string>>): ReturnType<typeof openRest> =>
    client.transport.open({
      method: 'GET',
      url: urlOf(source),
      headers,
      scopes: [pull(repository)],
      expect: 'range' in headers ? [200, 206] : [200],
      ...(signal && { signal }),
    });
  if (offset === 0) return open({});
  return open({ range: `bytes=${offset}-` }).catch((error: unknown) => {
    if (error instanceof RegistryError && error.status === 416) return open({});
    throw error;
  });
}

/**
 * Bytes at the start of an answer that have come before.
 *
 * @throws RegistryError when it begins behind `offset`
 */
function overlap({ status, headers, url }: RegistryResponse, offset: number): number {
  if (status !== 206) return offset;
  const [, start = offset] = /^bytes (\d{1,15})-/.exec(headerOf(headers, 'content-range') ?? '') ?? [];
  if (Number(start) <= offset) return offset - Number(start);
  const cause = `asked for the bytes from ${offset} on it sent those from ${start} on`;
  throw new RegistryError({ method: 'GET', url, cause, retryable: true });
}

function breakOf(source: BlobSource, broken: unknown): RegistryError {
  const message = messageOf(broken);
  const url = urlOf(source);
  return new RegistryError({ method: 'GET', url, cause: message, retryable: true, error: broken });
}

function urlOf({ client, repository, descriptor }: BlobSource): URL {
  return client.transport.urlOf(`/v2/${repository}/blobs/${descriptor.digest}`);
}
