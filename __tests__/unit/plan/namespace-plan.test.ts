import { describe, expect, it } from 'vitest';
import { plansOf } from '../../../src/plan/namespace-plan.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';

describe('plansOf', () => {
  it('has the namespaces that could be planned, in their order', () => {
    const [first, second] = [namespacePlan(), namespacePlan({ unchanged: 1 })];
    const { settings, name, recordPath } = first;
    const failure = { image: '', tags: [], reason: 'down' };
    expect(plansOf([first, { kind: 'failure', settings, name, recordPath, failure }, second])).toEqual([
      first,
      second,
    ]);
  });
});
