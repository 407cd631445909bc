import { beforeEach, expect, it } from 'vitest';
import type { Outcome } from '../../../src/copy/pool.ts';
import { relistTags } from '../../../src/modes/relist-tags.ts';
import { testClient } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { makeImage } from '../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';

const [first, second] = [makeImage({ seed: 'first' }), makeImage({ seed: 'second' })];

let source: MemoryRegistry;
beforeEach(async () => {
  source = await startMemoryRegistry();
  source.store.putManifest('ns/image', 'v1', first.mediaType, first.bytes);
  source.store.putManifest('ns/image', 'v2', second.mediaType, second.bytes);
  source.store.putManifest('ns/image', 'v3', second.mediaType, second.bytes);
  return async () => source.close();
});

/** The outcome of copying a digest that the source listed for these tags and does not have. */
function missing(added: string[], updated: string[] = [], verified: string[] = []): Outcome {
  return {
    work: { image: 'image', repository: 'ns/image', descriptor: { digest: digest(0) }, added, updated },
    verifiedTags: new Map(verified.map((tag) => [tag, { digest: digest(0) }])),
    bytes: 5,
    error: 'the source no longer has it',
    isMissingAtSource: true,
  };
}

it('returns work for each digest that the tags name now', async () => {
  const { moved, outcome } = await relistTags(missing(['v2', 'v3'], ['v1']), testClient(source.host));
  expect(moved).toMatchObject([
    { repository: 'ns/image', descriptor: { digest: second.digest }, added: ['v2', 'v3'], updated: [] },
    { repository: 'ns/image', descriptor: { digest: first.digest }, added: [], updated: ['v1'] },
  ]);
  expect(outcome.work).toMatchObject({ added: [], updated: [] });
  expect(outcome.bytes).toBe(5);
  expect(outcome.error).toBeUndefined();
});

it('keeps the error of tags that no longer exist, and of no other tag', async () => {
  const { moved, outcome } = await relistTags(missing(['v9'], ['v1']), testClient(source.host));
  expect(moved.flatMap(({ added, updated }) => [...added, ...updated])).toEqual(['v1']);
  expect(outcome.work).toMatchObject({ added: ['v9'], updated: [] });
  expect(outcome.error).toBe('the source no longer has it');
});

it('does not look up tags that were verified', async () => {
  const { moved, outcome } = await relistTags(missing(['v1', 'v2'], [], ['v1']), testClient(source.host));
  expect(moved.flatMap(({ added }) => added)).toEqual(['v2']);
  expect(outcome.work.added).toEqual(['v1']);
  expect(outcome.verifiedTags.has('v1')).toBe(true);
  expect(outcome.error).toBeUndefined();
});

it('leaves the outcome as it is when the source does not answer', async () => {
  const before = missing(['v1']);
  source.intercept = (_, response) => {
    response.writeHead(403).end();
    return true;
  };
  expect(await relistTags(before, testClient(source.host))).toEqual({ moved: [], outcome: before });
});

it('leaves an outcome without tags as it is', async () => {
  const before = missing([]);
  const { outcome } = await relistTags(before, testClient(source.host));
  expect(outcome).toBe(before);
});
