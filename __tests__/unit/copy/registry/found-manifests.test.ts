import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { copyFound } from '../../../../src/copy/registry/found-manifests.ts';
import type { RawManifest } from '../../../../src/oci/manifest.ts';
import { makeImage } from '../../../support/fixtures/images.ts';

const images = ['a', 'b', 'c'].map((seed) => makeImage({ seed }));

/** Copies images one at a time, and returns what happened. */
async function copyAll(
  isShared: boolean,
  meet: (manifest: RawManifest) => Promise<void> = async () => {},
): Promise<string[]> {
  const [log, limit]: [string[], ReturnType<typeof pLimit>] = [[], pLimit(1)];
  const copy = { isShared, meet };
  await Promise.all(
    images.map(async (image, index) =>
      copyFound(
        copy,
        limit,
        async () => {
          log.push(`find ${index}`);
          return index === 1 ? undefined : image;
        },
        async () => void log.push(`send ${index}`),
      ),
    ),
  );
  return log;
}

describe('copyFound', () => {
  it('finds and copies one manifest after another', async () => {
    expect(await copyAll(false)).toEqual(['find 0', 'send 0', 'find 1', 'find 2', 'send 2']);
  });

  it('lets others pass while it waits for the copies to other targets', async () => {
    const last = Promise.withResolvers<void>();
    const log = await copyAll(true, async ({ digest }) => {
      if (digest === images[0]?.digest) await last.promise;
      else last.resolve();
    });
    expect(log.toSorted()).toEqual(['find 0', 'find 1', 'find 2', 'send 0', 'send 2']);
    expect(log.indexOf('find 2')).toBeLessThan(log.indexOf('send 0'));
  });

  it('returns what was sent', async () => {
    const [image] = images;
    const copy = { isShared: true, meet: async () => {} };
    const send = async ({ digest }: RawManifest): Promise<string> => digest;
    expect(await copyFound(copy, pLimit(1), async () => image, send)).toBe(image?.digest);
    expect(await copyFound(copy, pLimit(1), async () => undefined, send)).toBeUndefined();
  });
});
