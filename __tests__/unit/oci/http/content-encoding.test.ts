import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { PassThrough, Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createDecoder,
  decodeBody,
  isDecodingError,
  isEncoded,
} from '../../../../src/oci/http/content-encoding.ts';

const ENCODERS = {
  gzip: zlib.gzipSync,
  'X-GZIP ': zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
} as const;
const CODINGS = ['gzip', 'X-GZIP ', 'deflate', 'br', 'zstd'] as const;

const headersOf = (coding: string): { 'content-encoding': string } => ({ 'content-encoding': coding });

describe('decodeBody', () => {
  it('returns what was encoded, as a stream does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...CODINGS),
        fc.uint8Array({ maxLength: 500 }),
        async (coding, bytes) => {
          const encoded = ENCODERS[coding](bytes);
          const decoded = await decodeBody(encoded, headersOf(coding), 500);
          expect(Buffer.from(decoded ?? 'nothing')).toEqual(Buffer.from(bytes));
          const decoder = createDecoder(headersOf(coding));
          if (!decoder) throw new Error('There is no decoder');
          expect(await buffer(Readable.from([encoded]).pipe(decoder))).toEqual(Buffer.from(bytes));
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each(CODINGS)('returns nothing that is longer than the limit: %s', async (coding) => {
    const encoded = ENCODERS[coding](Buffer.alloc(100_000));
    expect(await decodeBody(encoded, headersOf(coding), 99_999)).toBeUndefined();
    expect(await decodeBody(encoded, headersOf(coding), 100_000)).toHaveLength(100_000);
  });

  it.each([...CODINGS, 'identity', 'gzip, br'])(
    'returns a body unchanged that is not encoded: %s',
    async (coding) => {
      const body = Buffer.from('{"schemaVersion":2}');
      expect(Buffer.from((await decodeBody(body, headersOf(coding), 1000)) ?? '')).toEqual(body);
    },
  );
});

describe('isEncoded', () => {
  it('is true for the codings that are undone, and creates a decoder for these alone', () => {
    for (const coding of [...CODINGS, 'identity', 'compress', 'constructor', '']) {
      const isKnown = Object.hasOwn(ENCODERS, coding);
      expect(isEncoded(headersOf(coding))).toBe(isKnown);
      expect(createDecoder(headersOf(coding)) !== undefined).toBe(isKnown);
    }
    expect(isEncoded({})).toBe(false);
  });
});

describe('isDecodingError', () => {
  it.each(CODINGS)('is true for content that is cut short or not encoded: %s', async (coding) => {
    for (const bytes of [
      ENCODERS[coding](Buffer.alloc(1000, 'a')).subarray(0, 8),
      Buffer.from('not encoded at all'),
    ]) {
      const decoder = createDecoder(headersOf(coding));
      if (!decoder) throw new Error('There is no decoder');
      const failure: unknown = await pipeline(
        Readable.from([bytes]),
        decoder,
        new PassThrough().resume(),
      ).catch((error: unknown) => error);
      expect(isDecodingError(failure)).toBe(true);
    }
  });

  it('is false for other errors', () => {
    expect(isDecodingError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))).toBe(false);
    expect(isDecodingError('Z_DATA_ERROR')).toBe(false);
  });
});
