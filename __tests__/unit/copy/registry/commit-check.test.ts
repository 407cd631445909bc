import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { copyImage, expectHeld, startCopying, uploadsTo } from '../../../support/fixtures/copying.ts';
import { type TestImage, makeImage } from '../../../support/fixtures/images.ts';
import { source, target, useRegistryPair } from '../../../support/fixtures/registry-pair.ts';
import { readAll } from '../../../support/network/http.ts';
import { refuse } from '../../../support/registries/memory-registry.ts';

// It mounts nothing: a mount request does not show whether it has a blob.
useRegistryPair({ mounts: false });

const image = makeImage({ seed: 'slow commit', layers: [400_000] });
const isCommit = ({ method, url = '' }: IncomingMessage): boolean =>
  method === 'PUT' && url.includes('/blobs/uploads/');

/** Commits take until `lookups` lookups have found nothing. `fail` is how the upload ends before that. */
function commitSlowly(
  lookups: number,
  fail: (request: IncomingMessage) => number | 'reset' | 'silence',
): void {
  const left = new Map<string, { bytes: Buffer; lookups: number }>();
  target.intercept = async (request, response) => {
    const { method, url = '' } = request;
    const lookedUp = left.get(url.split('/').at(-1) ?? '');
    if (method === 'HEAD' && lookedUp) {
      lookedUp.lookups -= 1;
      if (lookedUp.lookups < 0) target.store.putBlob('mirror/img', lookedUp.bytes);
    }
    if (!isCommit(request)) return false;
    const bytes = await readAll(request);
    left.set(new URL(url, target.url).searchParams.get('digest') ?? '', { bytes, lookups });
    const failure = fail(request);
    if (failure === 'reset') response.destroy();
    else if (typeof failure === 'number')
      refuse(response, failure, failure === 404 ? 'BLOB_UPLOAD_UNKNOWN' : '', '');
    return true;
  };
}

async function copy(one: TestImage): Promise<number[]> {
  const copying = startCopying(source, target, { timeout: 500, retries: 3 });
  await copyImage(source, copying, one);
  expectHeld(target, one);
  return copying.waits;
}

describe('a blob whose upload failed', () => {
  it.each([['silence'], [504], [499], [524]] as const)(
    'with %s while its commit takes longer than the timeout is waited for, and sent once',
    async (failure) => {
      commitSlowly(4, () => failure);
      const waits = await copy(image);
      expect(uploadsTo(target).toSorted()).toEqual(Array.from(image.blobs.keys()).toSorted());
      // Pauses grow between lookups, for each of two blobs.
      expect(waits.toSorted((a, b) => a - b)).toEqual([750, 1500, 3000, 6000].flatMap((ms) => [ms, ms]));
    },
  );

  it.each([['reset'], [500], [404]] as const)(
    'with %s after its commit is found, and sent once',
    async (failure) => {
      commitSlowly(0, () => failure);
      expect(await copy(image)).toEqual([]);
      expect(uploadsTo(target).toSorted()).toEqual(Array.from(image.blobs.keys()).toSorted());
    },
  );

  it('is sent again when the target never has it', async () => {
    let commits = 0;
    target.intercept = async (request, response) => {
      if (!isCommit(request) || (commits += 1) > 2) return false;
      await readAll(request);
      refuse(response, 504, '', 'Gateway Time-out');
      return true;
    };
    await copy(image);
    expect(uploadsTo(target)).toHaveLength(4);
  });
});
