import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/copy/pool.ts';
import { entriesOf, withAdopted } from '../../../src/record/recordable.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { plainEntries, recorded } from '../../support/fixtures/listings.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';

describe('entriesOf', () => {
  it('has one digest where source and target have the same, and else both', () => {
    const platforms = ['linux/amd64'];
    const outcome: Outcome = {
      work: {
        image: 'a',
        repository: 'ns/a',
        descriptor: { digest: digest(1) },
        added: ['failed'],
        updated: [],
      },
      verifiedTags: new Map([
        ['same', { digest: digest(1) }],
        ['other', { digest: digest(2) }],
        ['reduced', { digest: digest(2), platforms }],
      ]),
      bytes: 0,
    };
    expect(plainEntries(entriesOf([outcome]))).toEqual({
      a: {
        same: digest(1),
        other: { digest: digest(1), target: digest(2) },
        reduced: { digest: digest(1), target: digest(2), platforms },
      },
    });
  });
});

describe('withAdopted', () => {
  it('adds what the plan adopted, and keeps what was copied since', () => {
    const plan = namespacePlan({ adopted: recorded({ a: { v1: digest(1), v2: digest(1) } }) });
    expect(plainEntries(withAdopted(recorded({ a: { v1: digest(2) }, b: { v1: digest(3) } }), plan))).toEqual(
      {
        a: { v1: digest(2), v2: digest(1) },
        b: { v1: digest(3) },
      },
    );
  });
});
