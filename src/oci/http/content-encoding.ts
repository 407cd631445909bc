import type { IncomingHttpHeaders } from 'node:http';
import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

/**
 * Compression that a gateway adds although the client asks for `identity`. Digests are of the content without it.
 * https://www.rfc-editor.org/rfc/rfc9110#field.content-encoding
 */
type Coding = 'gzip' | 'deflate' | 'br' | 'zstd';

const CODINGS: ReadonlyMap<string, Coding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
  ['zstd', 'zstd'],
]);

/** The coding of a response that has one. Several at once do not occur in the field, and are not undone. */
function codingOf(headers: IncomingHttpHeaders): Coding | undefined {
  return CODINGS.get(headers['content-encoding']?.trim().toLowerCase() ?? '');
}

export function isEncoded(headers: IncomingHttpHeaders): boolean {
  return codingOf(headers) !== undefined;
}

const DECODERS = {
  gzip: promisify(zlib.gunzip),
  deflate: promisify(zlib.inflate),
  br: promisify(zlib.brotliDecompress),
  zstd: promisify(zlib.zstdDecompress),
} as const;

/**
 * A body without its coding. Some send the header with a body that is not encoded: it is returned unchanged.
 *
 * @param limit the largest size in bytes
 * @returns undefined when the content is larger
 */
export async function decodeBody(
  bytes: Uint8Array,
  headers: IncomingHttpHeaders,
  limit: number,
): Promise<Uint8Array | undefined> {
  const coding = codingOf(headers);
  if (!coding) return bytes;
  try {
    return await DECODERS[coding](bytes, { maxOutputLength: limit });
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    return isTooLarge ? undefined : bytes;
  }
}

/** A stream that removes the coding of a response; undefined when it has none. */
export function createDecoder(headers: IncomingHttpHeaders): Transform | undefined {
  const coding = codingOf(headers);
  return coding && STREAMS[coding]();
}

const STREAMS = {
  gzip: zlib.createGunzip,
  deflate: zlib.createInflate,
  br: zlib.createBrotliDecompress,
  zstd: zlib.createZstdDecompress,
} as const;

/** True for content that is cut short, or not encoded as its header says. Node calls those of Brotli `ERR__ERROR_FORMAT_…`. */
export function isDecodingError(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    /^(?:Z_|ZSTD_|ERR_(?:_ERROR_|_ZLIB|BROTLI|PADDING))/.test(String(error.code))
  );
}
