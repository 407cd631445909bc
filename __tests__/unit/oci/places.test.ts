import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Places, type PlacesOptions } from '../../../src/oci/places.ts';

interface Run {
  readonly order: number[];
  /** What was written at the same time, each time that something was started. */
  readonly together: (readonly number[])[];
}

/** Writes images of these sizes, each until those that can start have started. */
async function write(sizes: readonly number[], options: PlacesOptions): Promise<Run> {
  const places = new Places(options);
  const active: number[] = [];
  const run: Run = { order: [], together: [] };
  await Promise.all(
    sizes.map(async (bytes, index) =>
      places.run(bytes, async () => {
        run.order.push(index);
        active.push(bytes);
        run.together.push([...active]);
        await new Promise(setImmediate);
        active.splice(active.indexOf(bytes), 1);
      }),
    ),
  );
  return run;
}

const most = ({ together }: Run): number => Math.max(0, ...together.map(({ length }) => length));

describe('Places', () => {
  const options = { most: 8, always: 2, bytes: 100 };

  it('writes many tiny images at the same time, and few large ones', async () => {
    expect(
      most(
        await write(
          Array.from({ length: 20 }, () => 1),
          options,
        ),
      ),
    ).toBe(8);
    expect(
      most(
        await write(
          Array.from({ length: 20 }, () => 30),
          options,
        ),
      ),
    ).toBe(3);
    expect(
      most(
        await write(
          Array.from({ length: 20 }, () => 1000),
          options,
        ),
      ),
    ).toBe(2);
  });

  it('gives back the place of an image that failed', async () => {
    const places = new Places({ most: 1, always: 1, bytes: 0 });
    const failing = places.run(5, async () => {
      throw new Error('refused');
    });
    const next = places.run(5, async () => 'written');
    await expect(failing).rejects.toThrow('refused');
    expect(await next).toBe('written');
  });

  it('writes everything, in order, within its bounds', async () => {
    const Options = fc.record({
      most: fc.integer({ min: 1, max: 9 }),
      always: fc.integer({ min: 1, max: 9 }),
      bytes: fc.nat(50),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(40), { maxLength: 30 }), Options, async (sizes, given) => {
        const run = await write(sizes, given);
        expect(run.order).toEqual(Array.from(sizes.keys()));
        for (const sizesNow of run.together) {
          const sum = sizesNow.reduce((total, size) => total + size, 0);
          expect(sizesNow.length).toBeLessThanOrEqual(given.most);
          expect(sizesNow.length <= given.always || sum <= given.bytes).toBe(true);
        }
      }),
    );
  });
});
