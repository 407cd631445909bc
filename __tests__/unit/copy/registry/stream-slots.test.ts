import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlobReader } from '../../../../src/copy/registry/shared-download.ts';
import { StreamSlots } from '../../../../src/copy/registry/stream-slots.ts';
import { testClient } from '../../../support/fixtures/clients.ts';
import { digest } from '../../../support/fixtures/digests.ts';

const targets = ['a.example', 'b.example', 'c.example'].map(testClient);
const [a = testClient('a.example'), b = testClient('b.example')] = targets;
const source = testClient('gcr.io');
const blob = { mediaType: '', digest: digest(1), size: 1 };
const readerFor = (target = a): BlobReader => new BlobReader({ source, from: 'x', target, blob });

describe('StreamSlots', () => {
  it('starts streams that belong together only together, each target in order', async () => {
    const slots = new StreamSlots(1);
    const started: string[] = [];
    const take = (name: string, ...at: (typeof a)[]): void =>
      void slots.take(at.map(readerFor), () => started.push(name));
    take('first at a', a);
    take('both', a, b);
    take('later at b', b);
    expect([started, slots.isFree(a), slots.isFree(b)]).toEqual([['first at a'], false, true]);
    slots.release(a);
    expect(started).toEqual(['first at a', 'both']);
    slots.release(b);
    expect(started).toEqual(['first at a', 'both', 'later at b']);
  });

  it('lets others pass when streams no longer wait', () => {
    const slots = new StreamSlots(1);
    const started: string[] = [];
    void slots.take([readerFor(a)], () => started.push('first'));
    const both = [readerFor(a), readerFor(b)];
    void slots.take(both, () => started.push('both'));
    void slots.take([readerFor(b)], () => started.push('second'));
    expect(slots.withdraw(both)).toBe(true);
    expect(started).toEqual(['first', 'second']);
  });

  it('does not withdraw streams that have their slots', () => {
    const slots = new StreamSlots(1);
    const readers = [readerFor(a), readerFor(b)];
    void slots.take(readers, () => undefined);
    expect(slots.withdraw(readers)).toBe(false);
  });

  it('never exceeds its number, and starts everything', async () => {
    const Groups = fc.array(fc.uniqueArray(fc.nat(2), { minLength: 1 }), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(Groups, fc.integer({ min: 1, max: 3 }), async (groups, number) => {
        const slots = new StreamSlots(number);
        const used = new Map<unknown, number>();
        await Promise.all(
          groups.map(async (group) => {
            const readers = group.map((index) => readerFor(targets[index]));
            await slots.take(readers, () => {
              for (const { stream } of readers) used.set(stream.target, (used.get(stream.target) ?? 0) + 1);
            });
            expect(Math.max(...used.values())).toBeLessThanOrEqual(number);
            for (const { stream } of readers) {
              await Promise.resolve();
              used.set(stream.target, (used.get(stream.target) ?? 0) - 1);
              slots.release(stream.target);
            }
          }),
        );
        expect(Array.from(used.values()).every((count) => count === 0)).toBe(true);
      }),
    );
  });
});
