import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../../../../src/copy/registry/byte-budget.ts';

describe('ByteBudget', () => {
  it('never lends more than it has, and refuses nothing that fits', () => {
    const steps = fc.array(fc.record({ bytes: fc.nat(60), isReturned: fc.boolean() }), { maxLength: 50 });
    fc.assert(
      fc.property(fc.nat(100), steps, (bytes, all) => {
        const budget = new ByteBudget(bytes);
        const lent: number[] = [];
        for (const step of all) {
          const before = lent.reduce((sum, one) => sum + one, 0);
          const isTaken = budget.tryTake(step.bytes);
          expect(isTaken).toBe(before + step.bytes <= bytes);
          if (isTaken) lent.push(step.bytes);
          const returned = step.isReturned ? lent.pop() : undefined;
          if (returned !== undefined) budget.release(returned);
        }
      }),
    );
  });
});
