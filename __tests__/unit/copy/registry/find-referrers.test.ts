import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cosignTagsOf, findReferrers } from '../../../../src/copy/registry/find-referrers.ts';
import { cosignTags, referrersTag } from '../../../../src/oci/digest-tags.ts';
import { testClient } from '../../../support/fixtures/clients.ts';
import { digest } from '../../../support/fixtures/digests.ts';
import { makeImage, makeReferrer, makeReferrersList, pushImage } from '../../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/registries/memory-registry.ts';

let source: MemoryRegistry;
beforeEach(async () => {
  source = await startMemoryRegistry();
});
afterEach(async () => {
  await source.close();
});

const [SIGNED, BARE] = [makeImage({ seed: 'signed' }), makeImage({ seed: 'bare' })];
const REFERRER = makeReferrer(SIGNED, { seed: 'sbom' });
const TAG = referrersTag(SIGNED.digest);

async function find(sourceTags: readonly string[]): Promise<Record<string, string[]>> {
  const task = { client: testClient(source.host), repository: 'a', digest: SIGNED.digest };
  const referrers = {
    sourceTags: new Map(sourceTags.map((tag) => [tag, null])),
    unmatchedDigestTags: new Map(),
  };
  const found = await findReferrers(task, referrers, [SIGNED.digest, BARE.digest, SIGNED.digest]);
  return Object.fromEntries(Array.from(found, ([subject, all]) => [subject, all.map((one) => one.digest)]));
}

describe('findReferrers', () => {
  it('finds those that are listed under a tag, and has no subject without any', async () => {
    await pushImage(source.url, 'a', ['v1'], SIGNED);
    await pushImage(source.url, 'a', [TAG], makeReferrersList([REFERRER]));
    expect(await find([TAG])).toEqual({ [SIGNED.digest]: [REFERRER.digest] });
  });

  it('finds none where the source has none', async () => {
    await pushImage(source.url, 'a', ['v1'], SIGNED);
    expect(await find([])).toEqual({});
  });
});

describe('cosignTagsOf', () => {
  it('returns the tags of the subjects that nothing else copies', () => {
    const [signature = '', attestation = ''] = cosignTags(digest(1));
    const [other = ''] = cosignTags(digest(2));
    const unmatchedDigestTags = new Map([signature, other].map((tag) => [tag, null]));
    const tags = cosignTagsOf({ sourceTags: new Map(), unmatchedDigestTags }, [digest(1)]);
    expect(tags).toEqual([signature]);
    expect(tags).not.toContain(attestation);
  });
});
