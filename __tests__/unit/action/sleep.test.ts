import { describe, expect, it } from 'vitest';
import { interruptibleSleep, sleep } from '../../../src/action/sleep.ts';

describe('sleep', () => {
  it('lasts for the given milliseconds', async () => {
    const start = performance.now();
    await sleep(30);
    expect(performance.now() - start).toBeGreaterThan(25);
  });

  it('does not end at once when it is longer than a timer can be', async () => {
    const isAborted = AbortSignal.timeout(50);
    await expect(sleep(2 ** 31, isAborted)).rejects.toThrow(/aborted/);
  });

  it('ends with an error when its signal is aborted', async () => {
    await expect(sleep(60_000, AbortSignal.timeout(1))).rejects.toThrow(/aborted/);
  });
});

describe('interruptibleSleep', () => {
  it.each([
    ['the run', AbortSignal.timeout(1), undefined],
    ['its own signal', new AbortController().signal, AbortSignal.timeout(1)],
    ['the run, with a signal of its own', AbortSignal.timeout(1), new AbortController().signal],
  ])('ends early with %s', async (_, abort, signal) => {
    await expect(interruptibleSleep(abort)(60_000, signal)).rejects.toThrow(/aborted/);
  });
});
