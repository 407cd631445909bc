import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CheckedContent, applyContentCheck } from '../../../src/reconcile/apply-content.ts';
import type { JudgedTag, Verdict } from '../../../src/reconcile/adopt.ts';
import { groupFindings } from '../../../src/reconcile/findings.ts';
import { testClient } from '../../support/fixtures/clients.ts';
import { type TestImage, makeImage, pushImage } from '../../support/fixtures/images.ts';
import { plainEntries, recorded } from '../../support/fixtures/listings.ts';
import {
  type MemoryRegistry,
  refuse,
  startMemoryRegistry,
} from '../../support/registries/memory-registry.ts';

let target: MemoryRegistry;

beforeEach(async () => {
  target = await startMemoryRegistry();
});
afterEach(async () => {
  await target.close();
});

const [WHOLE, HOLLOW] = [makeImage({ seed: 'whole' }), makeImage({ seed: 'hollow' })];
const TAGS: readonly (readonly [string, TestImage])[] = [
  ['whole', WHOLE],
  ['hollow', HOLLOW],
];
const missing = (): string => Array.from(HOLLOW.blobs.keys())[0] ?? '';

function judged(tag: string, { digest }: TestImage, verdict: Verdict): JudgedTag {
  return { undetermined: { image: 'a', repository: 'ns/a', tag, descriptor: { digest } }, verdict };
}

/** Checks both images as recorded tags and, as `judged-…`, as tags that were looked up. */
async function check(signal = new AbortController().signal): Promise<CheckedContent> {
  const findings = groupFindings(
    TAGS.map(([tag, { digest }]) => ({
      image: 'a',
      tag,
      entry: digest,
      finding: { kind: 'present', digest },
    })),
  );
  const verdicts = [
    ...TAGS.map(([tag, image]) => judged(`judged-${tag}`, image, { kind: 'present', entry: image.digest })),
    judged('absent', WHOLE, { kind: 'absent' }),
  ];
  const entries = recorded({ a: Object.fromEntries(TAGS.map(([tag, { digest }]) => [tag, digest])) });
  return applyContentCheck(findings, verdicts, entries, {
    target: testClient(target.host),
    targetOf: (image) => `mirror/${image}`,
    concurrency: 4,
    signal,
  });
}

const kindsOf = ({ judged: all }: CheckedContent): string[] => all.map(({ verdict }) => verdict.kind);

describe('applyContentCheck', () => {
  beforeEach(async () => {
    for (const [tag, image] of TAGS) await pushImage(target.url, 'mirror/a', [tag], image);
    target.store.deleteBlob('mirror/a', missing());
  });

  it('finds the tags whose content is not in the target, recorded or not', async () => {
    const checked = await check();
    expect(checked.findings.present.map(({ tag }) => tag)).toEqual(['whole']);
    expect(plainEntries(checked.findings.hollow)).toEqual({ a: { hollow: HOLLOW.digest } });
    expect(kindsOf(checked)).toEqual(['present', 'hollow', 'absent']);
    expect(checked.hollow.map(({ tag, missing: parts }) => [tag, parts])).toEqual([
      ['hollow', [missing()]],
      ['judged-hollow', [missing()]],
    ]);
    expect(checked.unchecked).toBe(0);
  });

  it('knows nothing about tags whose content the target refuses to show', async () => {
    target.intercept = ({ url = '' }, response) => {
      if (!url.includes('/manifests/')) return false;
      refuse(response, 403, 'DENIED', 'no');
      return true;
    };
    const checked = await check();
    expect(checked.findings.present).toEqual([]);
    expect(plainEntries(checked.findings.unknown)).toEqual({
      a: { whole: WHOLE.digest, hollow: HOLLOW.digest },
    });
    expect(checked.findings.failures.flatMap(({ tags }) => tags)).toEqual(['whole', 'hollow']);
    expect(kindsOf(checked)).toEqual(['undetermined', 'undetermined', 'absent']);
    expect(checked.hollow).toEqual([]);
  });

  it('leaves everything as it is when the run ends, and counts what was not checked', async () => {
    const checked = await check(AbortSignal.abort());
    expect(checked.findings.present.map(({ tag }) => tag)).toEqual(['whole', 'hollow']);
    expect(kindsOf(checked)).toEqual(['present', 'present', 'absent']);
    expect([checked.hollow, checked.unchecked]).toEqual([[], 4]);
  });
});
