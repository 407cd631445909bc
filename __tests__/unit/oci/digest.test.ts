import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Digest, digestOf, isDigest, matchesDigest } from '../../../src/oci/digest.ts';

const HEX = 'a'.repeat(64);

describe('isDigest', () => {
  it.each([
    [`sha256:${HEX}`, true],
    [`sha512:${HEX}${HEX}`, true],
    [`sha256:${HEX.toUpperCase()}`, false],
    [`sha256:${HEX}a`, false],
    [`sha256:${HEX.slice(1)}`, false],
    [`sha512:${HEX}`, false],
    [`md5:${HEX.slice(32)}`, false],
    [`sha256:${HEX}\n`, false],
    [`x/sha256:${HEX}`, false],
    ['', false],
  ])('judges %j', (text, valid) => {
    expect(isDigest(text)).toBe(valid);
  });
});

describe('matchesDigest', () => {
  it('matches the named content only, in both algorithms', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (bytes, other) => {
        const sha512: Digest = `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
        const same = Buffer.compare(bytes, other) === 0;
        for (const digest of [digestOf(bytes), sha512]) {
          expect(isDigest(digest)).toBe(true);
          expect(matchesDigest(bytes, digest)).toBe(true);
          expect(matchesDigest(other, digest)).toBe(same);
        }
      }),
    );
  });

  it('agrees with the well-known digest of empty content', () => {
    expect(digestOf(new Uint8Array())).toBe(
      'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });
});
