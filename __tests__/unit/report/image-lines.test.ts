import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/copy/pool.ts';
import { imageLinesOf } from '../../../src/report/image-lines.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';

const plan = namespacePlan();
const target = `${plan.settings.target.registry}/mirror/a`;

function outcome(verified: readonly string[], given: Partial<Outcome> = {}): Outcome {
  return {
    work: {
      image: 'a',
      repository: 'ns/a',
      descriptor: { digest: digest(1) },
      added: ['v1', 'v2'],
      updated: ['latest'],
    },
    verifiedTags: new Map(verified.map((tag) => [tag, { digest: digest(1) }])),
    bytes: 100,
    durationMs: 20,
    ...given,
  };
}

describe('imageLinesOf', () => {
  it('has one line for an image whose tags are all in the target', () => {
    const details = { platforms: 2, mounts: 3, referrers: 1 };
    expect(imageLinesOf(plan, outcome(['v1', 'v2', 'latest'], details))).toEqual([
      {
        image: 'a',
        target,
        kind: 'updated',
        tags: ['v1', 'v2', 'latest'],
        bytes: 100,
        durationMs: 20,
        platforms: 2,
        mounted: 3,
        referrers: 1,
      },
    ]);
  });

  it('tells new tags from moved ones', () => {
    const [line] = imageLinesOf(plan, outcome(['v1']));
    expect(line).toMatchObject({ kind: 'added', tags: ['v1'] });
  });

  it('names the image as the source does, and its own name in the target', () => {
    const { work } = outcome(['v1']);
    const [line] = imageLinesOf(plan, outcome(['v1'], { work: { ...work, image: 'a as other' } }));
    expect(line).toMatchObject({ image: 'a', target: `${plan.settings.target.registry}/mirror/other` });
  });

  it('has a second line for the tags that failed', () => {
    expect(imageLinesOf(plan, outcome(['v1'], { error: 'denied' }))).toMatchObject([
      { kind: 'added', tags: ['v1'] },
      { kind: 'failed', tags: ['v2', 'latest'], error: 'denied' },
    ]);
  });

  it('has a line for the tags that are left to the next run', () => {
    expect(imageLinesOf(plan, outcome([], { isPending: true }))).toMatchObject([
      { kind: 'pending', tags: ['v1', 'v2', 'latest'] },
    ]);
  });

  it('has no line for an image without news, and one for new referrers', () => {
    const { work } = outcome([]);
    const recheck = { work: { ...work, added: [], updated: [] } };
    expect(imageLinesOf(plan, outcome([], recheck))).toEqual([]);
    expect(imageLinesOf(plan, outcome([], { ...recheck, referrers: 2 }))).toMatchObject([
      { kind: 'referrers', tags: [], referrers: 2 },
    ]);
  });
});
