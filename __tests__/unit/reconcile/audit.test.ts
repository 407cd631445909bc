import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordEntry } from '../../../src/mirror/record-entry.ts';
import { referrersTag } from '../../../src/oci/digest-tags.ts';
import { type Finding, audit } from '../../../src/reconcile/audit.ts';
import { testClient, testRegistries } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';
import {
  type TestImage,
  cosignTag,
  makeImage,
  makeReferrer,
  makeReferrersList,
  pushImage,
} from '../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';

const image = makeImage({ seed: 'subject', oci: true });
const [one, two] = [makeReferrer(image, { seed: '1' }), makeReferrer(image, { seed: '2' })];
const TAG = referrersTag(image.digest);

let target: MemoryRegistry;

beforeEach(async () => {
  target = await startMemoryRegistry();
});
afterEach(async () => {
  await target.close();
});

/** What an audit finds of a tag whose record is `before`, when the target has had that and now has `now`. */
async function findingOf(
  tag: string,
  before: TestImage,
  now: TestImage,
  referrers = true,
): Promise<Finding['kind'] | undefined> {
  await pushImage(target.url, 'mirror/a', [tag], before);
  await pushImage(target.url, 'mirror/a', [tag], now);
  const entry: NonNullable<RecordEntry> = { digest: digest(1), target: before.digest };
  const recorded = new Map([['a', new Map<string, RecordEntry>([[tag, entry]])]]);
  const targetOf = (name: string): string => `mirror/${name}`;
  const [found] = await audit(recorded, {
    target: testClient(target.host),
    targetOf,
    referrers,
    concurrency: 2,
    signal: new AbortController().signal,
  });
  return found?.finding.kind;
}

describe('an audit of a list of referrers', () => {
  it.each([
    ['is as it was recorded', [one], [one], 'present'],
    ['has grown since', [one], [two, one], 'present'],
    ['lost an entry', [one, two], [two], 'changed'],
  ])('finds that it %s', async (_, before, now, finding) => {
    expect(await findingOf(TAG, makeReferrersList(before), makeReferrersList(now))).toBe(finding);
  });

  it('finds a tag changed that is no referrers list any more', async () => {
    expect(await findingOf(TAG, makeReferrersList([one]), image)).toBe('changed');
  });

  it('finds a list changed when the recorded one no longer exists', async () => {
    const missing = makeReferrersList([one]);
    target.intercept = ({ url = '' }, response) => {
      if (!url.endsWith(missing.digest)) return false;
      response.writeHead(404).end();
      return true;
    };
    expect(await findingOf(TAG, missing, makeReferrersList([one, two]))).toBe('changed');
  });

  it('requires the recorded digest when referrers are not mirrored, and for all other tags', async () => {
    const [before, now] = [makeReferrersList([one]), makeReferrersList([one, two])];
    expect(await findingOf(TAG, before, now, false)).toBe('changed');
    expect(await findingOf('v1', before, now)).toBe('changed');
    expect(await findingOf(cosignTag(image), before, now)).toBe('changed');
  });
});

describe('an audit', () => {
  it.each([
    ['a rate limit', 429, ''],
    ["a rate limit with Amazon ECR's status", 400, 'Rate exceeded'],
    ['a refused account', 403, ''],
  ])('sends no further requests after %s', async (_, status, body) => {
    target.intercept = (__, response) => {
      response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
      return true;
    };
    const tags = Array.from({ length: 5 }, (__, index) => [`v${index}`, digest(index)] as const);
    const found = await audit(new Map([['a', new Map<string, RecordEntry>(tags)]]), {
      target: testRegistries({ retries: 0 }).source(target.host),
      targetOf: (name) => `mirror/${name}`,
      referrers: false,
      concurrency: 1,
      signal: new AbortController().signal,
    });
    expect(found.map(({ finding }) => finding.kind)).toEqual(Array(5).fill('unknown'));
    const [first] = target.requests;
    expect(target.requests.filter(({ path }) => path !== first?.path)).toEqual([]);
  });
});
