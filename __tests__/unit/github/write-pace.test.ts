import { describe, expect, it } from 'vitest';
import { writePace } from '../../../src/github/write-pace.ts';

/** Milliseconds from the start until each of `count` writes began. */
async function startsOf(jobs: number, count: number): Promise<number[]> {
  const pace = writePace(jobs).key('client');
  const begun = performance.now();
  const starts: number[] = [];
  await Promise.all(
    Array.from({ length: count }, async () =>
      pace.schedule(async () => Promise.resolve(starts.push(performance.now() - begun))),
    ),
  );
  return starts;
}

describe('writePace', () => {
  it('lets the first writes of a run follow one another, and spaces the others by a second', async () => {
    const starts = await startsOf(1, 22);
    expect(starts[19]).toBeLessThan(500);
    expect(starts[20]).toBeGreaterThan(700);
    expect((starts[21] ?? 0) - (starts[20] ?? 0)).toBeGreaterThan(700);
  });

  it('leaves jobs that write to one branch two', async () => {
    const starts = await startsOf(20, 3);
    expect(starts[1]).toBeLessThan(500);
    expect(starts[2]).toBeGreaterThan(700);
  });
});
