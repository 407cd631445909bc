import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkReader } from '../../../src/oci/chunk-reader.ts';

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

describe('ChunkReader', () => {
  it('cuts a stream into parts of given lengths, whatever its chunks', async () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(chunks, fc.array(fc.nat(15), { maxLength: 8 }), async (content, lengths) => {
        const whole = Buffer.concat(content);
        const reader = new ChunkReader(stream(content));
        let offset = 0;
        for (const length of lengths) {
          const part = Buffer.concat(await Array.fromAsync(reader.take(length)));
          expect(part.equals(whole.subarray(offset, offset + length))).toBe(true);
          offset += length;
        }
      }),
    );
  });

  it('reads no further than needed', async () => {
    let read = 0;
    const reader = new ChunkReader(
      (async function* () {
        for (;;) {
          read += 1;
          yield Buffer.alloc(10);
        }
      })(),
    );
    await Array.fromAsync(reader.take(15));
    expect(read).toBe(2);
    await Array.fromAsync(reader.take(5));
    expect(read).toBe(2);
  });
});
