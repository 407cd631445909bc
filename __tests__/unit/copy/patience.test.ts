import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PATIENCE_MS, Patience } from '../../../src/copy/patience.ts';
import { VirtualClock } from '../../support/github/virtual-clock.ts';

function start(signal?: AbortSignal): { clock: VirtualClock; patience: Patience<string> } {
  const clock = new VirtualClock(0);
  const { sleep } = clock;
  return { clock, patience: new Patience({ clock: clock.now, sleep, ...(signal && { signal }) }) };
}

const never = new Promise<void>(() => {});

describe('Patience', () => {
  it('waits for a change, and for no longer than it may', async () => {
    const { clock, patience } = start();
    expect(await clock.run(patience.wait(['a'], clock.sleep(1000)))).toBe(true);
    expect(patience.leftMs('a')).toBe(MAX_PATIENCE_MS - 1000);
    expect(await clock.run(patience.wait(['a'], never))).toBe(false);
    expect([clock.now(), patience.leftMs('a')]).toEqual([MAX_PATIENCE_MS, 0]);
    expect(await clock.run(patience.wait(['a'], clock.sleep(1)))).toBe(false);
  });

  it('is regained while nobody waits, up to where it began', async () => {
    const { clock, patience } = start();
    await clock.run(patience.wait(['a'], never));
    await clock.run(clock.sleep(4000));
    expect(patience.leftMs('a')).toBe(1000);
    await clock.run(clock.sleep(1_000_000));
    expect(patience.leftMs('a')).toBe(MAX_PATIENCE_MS);
  });

  it('counts the time of several who wait at once only once', async () => {
    const { clock, patience } = start();
    const waits = [1, 2, 3].map(async () => patience.wait(['a'], clock.sleep(2000)));
    expect(await clock.run(Promise.all(waits))).toEqual([true, true, true]);
    expect(patience.leftMs('a')).toBe(MAX_PATIENCE_MS - 2000);
  });

  it('lasts as long as it does with any of the targets', async () => {
    const { clock, patience } = start();
    await clock.run(patience.wait(['a'], never));
    await clock.run(patience.wait(['a', 'b'], never));
    expect(clock.now()).toBe(2 * MAX_PATIENCE_MS);
  });

  it('ends with the run', async () => {
    const end = new AbortController();
    const { clock, patience } = start(end.signal);
    const waiting = patience.wait(['a'], never);
    end.abort();
    expect(await clock.run(waiting)).toBe(false);
    expect([clock.now(), patience.leftMs('a')]).toEqual([0, 0]);
    expect(await patience.wait(['a'], never)).toBe(false);
  });

  it('bounds what a target costs the others in all, whatever it does', async () => {
    const Step = fc.record({ pause: fc.nat(8000), wait: fc.nat(8000) });
    await fc.assert(
      fc.asyncProperty(fc.array(Step, { maxLength: 30 }), async (steps) => {
        const { clock, patience } = start();
        let waited = 0;
        for (const { pause, wait } of steps) {
          await clock.run(clock.sleep(pause));
          const before = clock.now();
          await clock.run(patience.wait(['a'], clock.sleep(wait)));
          waited += clock.now() - before;
        }
        // A sleep has whole milliseconds.
        expect(waited).toBeLessThanOrEqual(MAX_PATIENCE_MS + clock.now() / 4 + steps.length);
      }),
      { numRuns: 40 },
    );
  });
});
