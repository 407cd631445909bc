import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Meetings } from '../../../../src/copy/meetings.ts';
import { Patience } from '../../../../src/copy/patience.ts';
import { inTurn } from '../../../../src/copy/registry/turn.ts';
import { Places } from '../../../../src/oci/places.ts';
import type { RegistryClient } from '../../../../src/oci/client.ts';
import { testClient } from '../../../support/fixtures/clients.ts';

const onePlace = (): Places => new Places({ most: 1, always: 1, bytes: 0 });
const targets = ['a', 'b', 'c'].map(testClient);
const names = ['first', 'second', 'third', 'fourth'];
const copies = names.flatMap((name) => targets.map((target) => ({ name, target })));

it('is taken in the same order at all targets, whatever the order in which the copies are ready', async () => {
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(copies, { minLength: copies.length }), async (ready) => {
      const meetings = new Meetings<RegistryClient>(new Patience());
      const limits = new Map(targets.map((target) => [target, onePlace()]));
      const order = new Map<RegistryClient, string[]>(targets.map((target) => [target, []]));
      const members = new Map(copies.map((copy) => [copy, meetings.join(copy.name, copy.target)]));
      await Promise.all(
        ready.map(async (copy) => {
          const [places, member] = [limits.get(copy.target) ?? onePlace(), members.get(copy)];
          await inTurn({ places, ...(member && { member }) }, 0, async () =>
            order.get(copy.target)?.push(copy.name),
          );
          member?.leave();
        }),
      );
      const [first, ...others] = Array.from(order.values());
      expect(first?.toSorted()).toEqual(names.toSorted());
      expect(others).toEqual(others.map(() => first));
    }),
  );
});

it('is only limited for a copy that reads alone', async () => {
  expect(await inTurn({ places: onePlace() }, 0, async () => 7)).toBe(7);
});
