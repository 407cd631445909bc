import { describe, expect, it } from 'vitest';
import { checkWriteAccess } from '../../../src/modes/write-access.ts';
import type { Planned } from '../../../src/plan/namespace-plan.ts';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';
import { digest } from '../../support/fixtures/digests.ts';

/** The paths that are checked; undefined when nothing is. */
async function checkedPaths(
  plans: readonly Planned[],
  given: Record<string, string> = {},
): Promise<readonly string[] | undefined> {
  let checked: readonly string[] | undefined;
  const check = async (paths: readonly string[]): Promise<void> => void (checked = paths);
  await checkWriteAccess(plans, parseTestInputs(given), { writeAccess: { check } });
  return checked;
}

const adopting = namespacePlan({
  recordPath: 'gcr.io/b.json',
  adopted: new Map([['base', new Map([['v1', digest(1)]])]]),
});

describe('checkWriteAccess', () => {
  it('needs no access for a sync with nothing to record', async () => {
    expect(await checkedPaths([namespacePlan()])).toBeUndefined();
  });

  it('checks the files that a sync will write', async () => {
    expect(await checkedPaths([namespacePlan(), adopting])).toEqual(['gcr.io/b.json', 'CHANGELOG.md']);
    expect(await checkedPaths([adopting], { 'changelog-path': '' })).toEqual(['gcr.io/b.json']);
  });

  it('checks the files of all namespaces that are compared', async () => {
    expect(await checkedPaths([namespacePlan(), adopting], { mode: 'compare' })).toEqual([
      'gcr.io/ns.json',
      'gcr.io/b.json',
      'CHANGELOG.md',
    ]);
  });

  it('is left to the job that records, and out of large matrices', async () => {
    expect(await checkedPaths([adopting], { record: 'report' })).toBeUndefined();
    expect(await checkedPaths([adopting], { 'job-total': '41' })).toBeUndefined();
    expect(await checkedPaths([adopting], { 'job-total': '40' })).toHaveLength(2);
  });
});
