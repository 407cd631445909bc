import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packDigest, packStart, unpackDigest } from '../../../catalogue/digest.ts';
import * as action from '../../../src/catalogue/catalogue-file.ts';
import { digests } from '../../support/fixtures/recorded-images.ts';

describe('packDigest', () => {
  it('packs as the action does, and unpackDigest undoes it', () => {
    fc.assert(
      fc.property(digests, (digest) => {
        expect(packDigest(digest)).toBe(action.packDigest(digest));
        expect(unpackDigest(packDigest(digest))).toBe(digest);
      }),
    );
  });

  it('leaves other algorithms as they are', () => {
    const digest = `sha512:${'a'.repeat(128)}`;
    expect(unpackDigest(packDigest(digest))).toBe(digest);
  });
});

describe('packStart', () => {
  it('is how the packed digest starts', () => {
    fc.assert(
      fc.property(digests, fc.integer({ min: 1, max: 64 }), (digest, length) => {
        const start = packStart(digest.slice('sha256:'.length, 'sha256:'.length + length));
        expect(packDigest(digest).startsWith(start)).toBe(true);
      }),
    );
  });
});
