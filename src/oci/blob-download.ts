import { type Hash, createHash } from 'node:crypto';
import { type Transform, pipeline } from 'node:stream';
import { type RegistryClient, pull } from './client.ts';
import { matchesDigest } from './digest.ts';
import { RegistryError, messageOf } from './errors.ts';
import { createDecoder, isDecodingError } from './http/content-encoding.ts';
import { type RegistryResponse, headerOf } from './http/message.ts';
import type { OpenResponse } from './http/transport.ts';
import { isNetworkError } from './http/retry.ts';
import type { Descriptor } from './manifest.ts';

/** How often a download that makes progress is resumed. */
const MAX_RESUMES = 20;

/** The content that a registry sends for a digest does not have that digest or size. */
export class ContentError extends RegistryError {}

/** A blob, and the repository to read it from. */
interface BlobSource {
  readonly client: RegistryClient;
  readonly repository: string;
  readonly descriptor: Pick<Descriptor, 'digest' | 'size'>;
}

/** How far a download has come. */
export class DownloadProgress {
  readonly hash: Hash;
  /** Number of bytes that were received and hashed. */
  received = 0;
  /** The last chunk, which is yielded when the next one has arrived. */
  held: Uint8Array | undefined;

  constructor(hash: Hash) {
    this.hash = hash;
  }

  static of({ digest }: Pick<Descriptor, 'digest'>): DownloadProgress {
    const [algorithm = ''] = digest.split(':');
    return new DownloadProgress(createHash(algorithm));
  }

  /** The same progress, for another download that continues from here. */
  copy(): DownloadProgress {
    const copy = new DownloadProgress(this.hash.copy());
    copy.received = this.received;
    copy.held = this.held;
    return copy;
  }
}

/**
 * Streams a blob and verifies it. The last chunk is yielded only after size and digest of the whole are verified: a stream
 * that ends is exactly what the descriptor names. A download that breaks off or ends early is resumed where it stopped.
 *
 * @param signal aborts the download: its connection is closed, even while no data arrives
 * @param progress of the download that this one continues; it is kept up to date
 * @throws ContentError when the content is not what `descriptor` names; RegistryError when the registry does not send it
 */
export async function* downloadBlob(
  client: RegistryClient,
  repository: string,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  signal?: AbortSignal,
  progress = DownloadProgress.of(descriptor),
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* verified({ client, repository, descriptor }, signal, progress);
}

/**
 * The whole content of a small blob, verified as `downloadBlob` does.
 *
 * @throws ContentError, RegistryError
 */
export async function downloadWhole(
  client: RegistryClient,
  repository: string,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
): Promise<Uint8Array> {
  const source = { client, repository, descriptor };
  const first = await openRest(source, 0, undefined);
  const whole = wholeOf(first.response, descriptor);
  if (whole) {
    first.release();
    return whole;
  }
  const progress = DownloadProgress.of(descriptor);
  return Buffer.concat(await Array.fromAsync(verified(source, undefined, progress, first)));
}

/**
 * The content of a response that has arrived already and is what `descriptor` names. It is copied: a chunk may be a small part of a
 * large buffer, which must not be kept.
 */
function wholeOf(
  { body }: RegistryResponse,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
): Uint8Array | undefined {
  const chunks = body.arrived?.();
  if (chunks?.reduce((sum, { length }) => sum + length, 0) !== size) return undefined;
  const bytes = Buffer.concat(chunks, size);
  return matchesDigest(bytes, digest) ? bytes : undefined;
}

/** @param first the response to the first request, if it was sent already */
async function* verified(
  source: BlobSource,
  signal: AbortSignal | undefined,
  progress: DownloadProgress,
  first?: OpenResponse,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { digest, size } = source.descriptor;
  for await (const chunk of resumed(source, signal, progress.received, first)) {
    progress.received += chunk.length;
    if (progress.received > size) break;
    progress.hash.update(chunk);
    const before = progress.held;
    progress.held = chunk;
    if (before) yield before;
  }
  const { received, hash, held } = progress;
  if (received !== size || hash.digest('hex') !== digest.split(':')[1]) {
    const cause =
      received === size
        ? `the content of ${digest} does not have that digest`
        : `received ${received > size ? 'more than ' : ''}${received} bytes of ${digest}, which has ${size}`;
    throw new ContentError({ method: 'GET', url: urlOf(source), cause, retryable: true });
  }
  if (held) yield held;
}

/** The bytes of a blob from `start` on, from one or more responses. */
async function* resumed(
  source: BlobSource,
  signal: AbortSignal | undefined,
  start: number,
  first?: OpenResponse,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { size } = source.descriptor;
  if (start > 0 && start >= size) return;
  let offset = start;
  let isWhole = false;
  for (let resumes = 0; ; resumes += 1) {
    const before = offset;
    let broken: unknown;
    // The bytes of a compressed response can't be counted: it is requested from its start again.
    const { response, release } =
      (resumes === 0 ? first : undefined) ?? (await openRest(source, isWhole ? 0 : offset, signal));
    try {
      let skip = await overlap(response, offset);
      const decoder = decoderOf(response, size);
      isWhole = decoder !== undefined;
      const content: AsyncIterable<Uint8Array> = decoder ?? response.body;
      for await (const chunk of content) {
        const rest = chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - rest.length;
        if (rest.length === 0) continue;
        offset += rest.length;
        yield rest;
      }
    } catch (error) {
      if (!isNetworkError(error) && !isDecodingError(error)) throw error;
      broken = error;
    } finally {
      release();
    }
    // Once all bytes have arrived it does not matter how the response ended: the digest decides.
    if (offset >= size) return;
    if (offset > before && resumes < MAX_RESUMES) continue;
    if (broken === undefined) return;
    throw breakOf(source, broken);
  }
}

/**
 * The content of a response that a gateway has compressed; undefined for any other. Storage may keep a layer with the header
 * of its own compression: then the response has the length of the layer, and is the layer itself.
 */
function decoderOf({ status, headers, body }: RegistryResponse, size: number): Transform | undefined {
  if (status !== 200 || headerOf(headers, 'content-length') === String(size)) return undefined;
  const decoder = createDecoder(headers);
  // A failure of either ends the other, and is thrown where the content is read.
  if (decoder) pipeline(body, decoder, () => undefined);
  return decoder;
}

/** Requests the blob from `offset` on, or the whole blob if the registry can't send a part of it. */
async function openRest(
  source: BlobSource,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<OpenResponse> {
  const { client, repository } = source;
  const open = async (headers: Readonly<Record<string, string>>): Promise<OpenResponse> =>
    client.transport.open({
      method: 'GET',
      url: pathOf(source),
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
 * The number of bytes at the start of a response that were received before.
 *
 * @throws RegistryError when the response begins after `offset`
 */
async function overlap(response: RegistryResponse, offset: number): Promise<number> {
  const { status, headers } = response;
  if (status !== 206) return offset;
  const [, start = offset] = /^bytes (\d{1,15})-/.exec(headerOf(headers, 'content-range') ?? '') ?? [];
  if (Number(start) <= offset) return offset - Number(start);
  await response.body.dump();
  const cause = `the bytes from ${offset} on were requested, and those from ${start} on were sent`;
  throw new RegistryError({ method: 'GET', url: response.url, cause, retryable: true });
}

function breakOf(source: BlobSource, broken: unknown): RegistryError {
  const message = messageOf(broken);
  const url = urlOf(source);
  return new RegistryError({ method: 'GET', url, cause: message, retryable: true, error: broken });
}

function urlOf(source: BlobSource): URL {
  return source.client.transport.urlOf(pathOf(source));
}

function pathOf({ repository, descriptor }: BlobSource): string {
  return `/v2/${repository}/blobs/${descriptor.digest}`;
}
