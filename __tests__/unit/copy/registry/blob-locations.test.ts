import { expect, it } from 'vitest';
import {
  type BlobLocation,
  decodeBlobLocations,
  encodeBlobLocations,
} from '../../../../src/copy/registry/blob-locations.ts';
import { digest } from '../../../support/fixtures/digests.ts';

it('blob locations are read as they were written', () => {
  const locations: BlobLocation[] = [
    [digest(1), 'mirror/base'],
    [digest(1), 'mirror/other'],
    [digest(2), 'mirror/base'],
  ];
  expect(decodeBlobLocations(encodeBlobLocations(locations))).toEqual(locations);
});

it('malformed lines are skipped', () => {
  const lines = ['', 'x', `${digest(1)} ../secret`, `sha256:1 a`, `${digest(2)} a b`, `${digest(3)} a`];
  expect(decodeBlobLocations(lines.join('\n'))).toEqual([[digest(3), 'a']]);
});

it('the newest 150,000 locations are kept', () => {
  const locations = Array.from({ length: 150_001 }, (_, number): BlobLocation => [digest(number), 'a']);
  const decoded = decodeBlobLocations(encodeBlobLocations(locations));
  expect([decoded.length, decoded[0]]).toEqual([150_000, [digest(1), 'a']]);
});
