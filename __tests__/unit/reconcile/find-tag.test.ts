import { describe, expect, it } from 'vitest';
import { findTag } from '../../../src/reconcile/find-tag.ts';
import { digest } from '../../support/fixtures/digests.ts';

const head = { digest: digest(1), mediaType: 'application/vnd.x', size: 1 };
const manifest = { digest: digest(2), mediaType: 'application/vnd.x', bytes: new Uint8Array() };

describe('findTag', () => {
  it.each([
    ['HEAD', head, manifest, digest(1)],
    ['GET where HEAD finds nothing', undefined, manifest, digest(2)],
    ['none where neither does', undefined, undefined, undefined],
  ])('returns the digest of %s', async (_, found, read, expected) => {
    const target = {
      findManifest: async () => Promise.resolve(found),
      getManifest: async () => Promise.resolve(read),
    };
    expect(await findTag(target, 'a', 'v1')).toBe(expected);
  });
});
