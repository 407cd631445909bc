import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { holds } from '../../../src/mirror/record-entry.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { digest } from '../../support/fixtures/digests.ts';

const sha512: Digest = `sha512:${createHash('sha512').update('image').digest('hex')}`;

it('an entry whose target has another digest does not hold where digests must be kept', () => {
  const entry = { digest: digest(1), target: digest(2) };
  expect(holds('v1', entry, digest(1), { platforms: 'all', keepsDigests: true })).toBe(false);
  expect(holds('v1', entry, digest(1), { platforms: 'all', keepsDigests: false })).toBe(true);
});

it('an entry whose target uses another digest algorithm holds', () => {
  const entry = { digest: sha512, target: digest(2) };
  expect(holds('v1', entry, sha512, { platforms: 'all', keepsDigests: true })).toBe(true);
});
