import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReferrersLists } from '../../../../src/copy/registry/referrers-lists.ts';
import { referrersTag } from '../../../../src/oci/digest-tags.ts';
import { listEntries, uniteList } from '../../../../src/oci/referrers-list.ts';
import { testClient } from '../../../support/fixtures/clients.ts';
import {
  type TestImage,
  describe as descriptor,
  makeImage,
  makeReferrer,
  pushImage,
} from '../../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/registries/memory-registry.ts';

const image = makeImage({ seed: 'subject', oci: true });
const referrers = Array.from({ length: 20 }, (_, number) => makeReferrer(image, { seed: `${number}` }));

let registry: MemoryRegistry;
let lists: ReferrersLists;

beforeEach(async () => {
  registry = await startMemoryRegistry();
  lists = new ReferrersLists(testClient(registry.host));
  for (const one of referrers) await pushImage(registry.url, 'a', [one.digest], one);
  registry.requests.length = 0;
});
afterEach(async () => {
  await registry.close();
});

async function add(one: TestImage, subject = image): Promise<void> {
  await lists.change('a', subject.digest, (list) => uniteList(list, [descriptor(one.mediaType, one.bytes)]));
}

function listed(subject = image): unknown {
  const stored = registry.store.manifest('a', referrersTag(subject.digest));
  return stored && listEntries(stored)?.map(({ digest }) => digest);
}

describe('changes of one list', () => {
  it('are made one after another, in order, and each is written once', async () => {
    await Promise.all(referrers.map(async (one) => add(one)));
    expect(listed()).toEqual(referrers.map(({ digest }) => digest));
    expect(registry.requests.map(({ method }) => method)).toEqual(
      referrers.flatMap(() => ['GET', 'PUT', 'HEAD']),
    );
  });

  it('continue after one that failed', async () => {
    const failing = lists.change('a', image.digest, () => {
      throw new Error('no');
    });
    const [one = image] = referrers;
    const [failed, added] = await Promise.allSettled([failing, add(one)]);
    expect([failed.status, added.status]).toEqual(['rejected', 'fulfilled']);
    expect(listed()).toEqual([one.digest]);
  });

  it('do not wait for changes of another list', async () => {
    const [one = image, two = image] = referrers;
    let isFirst = true;
    registry.intercept = async ({ method }) => {
      if (method === 'PUT' && isFirst) {
        isFirst = false;
        await add(two, one);
      }
      return false;
    };
    await add(one);
    expect([listed(), listed(one)]).toEqual([[one.digest], [two.digest]]);
  });
});

describe('a referrer', () => {
  it('is counted once in each repository', () => {
    expect(lists.countNew('a', referrers)).toBe(20);
    expect(lists.countNew('a', referrers)).toBe(0);
    expect(lists.countNew('b', referrers.slice(3))).toBe(17);
  });
});
