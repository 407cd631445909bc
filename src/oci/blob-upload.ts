import { Readable } from 'node:stream';
import { ChunkReader } from './chunk-reader.ts';
import { type RegistryClient, pull, push } from './client.ts';
import type { Digest } from './digest.ts';
import { RegistryError } from './errors.ts';
import { resolveLocation } from './http/location.ts';
import { type RegistryResponse, headerOf } from './http/message.ts';
import { noteMount } from './work-counter.ts';

/**
 * Where an upload continues, or that none is needed.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export type UploadStart =
  | { readonly kind: 'mounted' }
  | {
      readonly kind: 'session';
      readonly location: URL;
      readonly minChunkBytes: number;
      /** Why the registry did not answer the mount request. */
      readonly mountError?: RegistryError;
    };

/**
 * Requests that `digest` is mounted into `repository`. Mounting from the repository itself checks whether the blob is
 * present, and opens an upload session if it is not: one request instead of HEAD and POST.
 *
 * A failed mount is not retried, whatever its status: registries refuse mounts in many ways (Harbor 401, Docker Hub 400, others
 * always 500), and all accept a plain upload. Only a rate limit is waited for.
 *
 * @param from a repository of the same registry that may have the blob; undefined: none, only an upload is opened
 * @throws RegistryError when the registry opens no upload either
 */
export async function startUpload(
  client: RegistryClient,
  repository: string,
  digest: Digest,
  from: string | undefined,
): Promise<UploadStart> {
  const plain = async (): Promise<UploadStart> => post(client, repository, '', [push(repository)]);
  if (from === undefined) return plain();
  const query = `?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`;
  const scopes = from === repository ? [push(repository)] : [push(repository), pull(from)];
  try {
    const start = await post(client, repository, query, scopes, false);
    if (start.kind === 'mounted' && from !== repository) noteMount();
    return start;
  } catch (error) {
    if (!(error instanceof RegistryError) || error.isRateLimit) throw error;
    const start = await plain();
    return start.kind === 'session' ? { ...start, mountError: error } : start;
  }
}

async function post(
  client: RegistryClient,
  repository: string,
  query: string,
  scopes: readonly string[],
  insist = true,
): Promise<UploadStart> {
  const url = `/v2/${repository}/blobs/uploads/${query}`;
  const headers = { 'content-length': '0' };
  return client.transport.send(
    { method: 'POST', url, headers, scopes, expect: query === '' ? [202] : [201, 202], insist },
    async (response) => {
      await response.body.dump();
      if (response.status === 201) return { kind: 'mounted' };
      const minChunkBytes = Number(headerOf(response.headers, 'oci-chunk-min-length') ?? 0);
      return {
        kind: 'session',
        location: sessionOf(response),
        minChunkBytes: Number.isSafeInteger(minChunkBytes) ? minChunkBytes : 0,
      };
    },
  );
}

function sessionOf(response: RegistryResponse): URL {
  const location = headerOf(response.headers, 'location');
  const session = location === undefined ? undefined : resolveLocation(location, response.url);
  if (session) return session;
  throw new RegistryError({
    method: 'POST',
    url: response.url,
    cause: 'the response has no Location to upload to',
    ambiguous: true,
  });
}

/** The slowest commit of an upload that is waited for: registries copy and verify the whole blob before they answer. */
const SLOWEST_COMMIT_BYTES_PER_MS = 512;

/** A body of known length that can be read once. Whoever made an iterable ends it after the upload, which may not read all of it. */
export interface UploadBody {
  readonly size: number;
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
}

/**
 * Sends a whole blob in one request, and waits for the answer the longer the larger it is. Every registry accepts that, up to a
 * limit on the size of a request.
 *
 * @param committed the size of the whole blob, if most of it was sent before
 */
export async function uploadWhole(
  client: RegistryClient,
  repository: string,
  digest: Digest,
  location: URL,
  { size, content }: UploadBody,
  committed = size,
): Promise<void> {
  await client.transport.send(
    {
      method: 'PUT',
      url: withDigest(location, digest),
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(size) },
      body: content,
      scopes: [push(repository)],
      expect: [200, 201, 202, 204],
      repeatable: false,
      responseTimeoutMs: Math.ceil(committed / SLOWEST_COMMIT_BYTES_PER_MS),
    },
    async (response) => response.body.dump(),
  );
}

/** Sends a blob in requests of `chunkBytes` each, for registries that refuse the whole blob in one. */
export async function uploadChunks(
  client: RegistryClient,
  repository: string,
  digest: Digest,
  start: URL,
  { size, content }: { readonly size: number; readonly content: AsyncIterable<Uint8Array> },
  chunkBytes: number,
): Promise<void> {
  const source = new ChunkReader(content);
  try {
    const location = await sendChunks(client, repository, start, { size, source }, chunkBytes);
    await uploadWhole(client, repository, digest, location, { size: 0, content: new Uint8Array() }, size);
  } finally {
    source.close();
  }
}

/** Sends all chunks, and returns where to complete the upload. */
async function sendChunks(
  client: RegistryClient,
  repository: string,
  start: URL,
  { size, source }: { readonly size: number; readonly source: ChunkReader },
  chunkBytes: number,
): Promise<URL> {
  let location = start;
  for (let offset = 0; offset < size; offset += chunkBytes) {
    const length = Math.min(chunkBytes, size - offset);
    location = await client.transport.send(
      {
        method: 'PATCH',
        url: location,
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(length),
          'content-range': `${offset}-${offset + length - 1}`,
        },
        body: Readable.from(source.take(length), { objectMode: false }),
        scopes: [push(repository)],
        expect: [201, 202, 204],
        repeatable: false,
      },
      async (response) => {
        await response.body.dump();
        return sessionOf(response);
      },
    );
  }
  return location;
}

function withDigest(location: URL, digest: Digest): URL {
  const url = new URL(location);
  // Appended as text: URLSearchParams would rewrite the query, which the registry may have signed.
  url.search = `${location.search === '' ? '?' : `${location.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}
