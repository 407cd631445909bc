import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLifetime } from '../../../src/action/lifetime.ts';
import type { Lifetime } from '../../../src/mirror/lifetime.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function states({ drain, abort, cutoff, stopReason }: Lifetime): unknown[] {
  return [drain.aborted, abort.aborted, cutoff.aborted, stopReason()];
}

describe('createLifetime', () => {
  it('starts no image after its limit, then stops images in progress, then recording', () => {
    const lifetime = createLifetime(10 * 60_000, () => {});
    vi.advanceTimersByTime(10 * 60_000 - 1);
    expect(states(lifetime)).toEqual([false, false, false, undefined]);
    expect(lifetime.timeLeftMs()).toBe(6 * 60_000 + 1);
    vi.advanceTimersByTime(1);
    expect(states(lifetime)).toEqual([true, false, false, 'time limit']);
    vi.advanceTimersByTime(60_000);
    expect(states(lifetime)).toEqual([true, true, false, 'time limit']);
    vi.advanceTimersByTime(5 * 60_000 - 1);
    expect(states(lifetime)).toEqual([true, true, false, 'time limit']);
    vi.advanceTimersByTime(1);
    expect(states(lifetime)).toEqual([true, true, true, 'time limit']);
  });

  it('allows ten more minutes to a job of 340 minutes, and five to recording', () => {
    const lifetime = createLifetime(340 * 60_000, () => {});
    vi.advanceTimersByTime(350 * 60_000);
    expect(states(lifetime)).toEqual([true, true, false, 'time limit']);
    vi.advanceTimersByTime(5 * 60_000);
    expect(states(lifetime)).toEqual([true, true, true, 'time limit']);
  });

  it('stops at once when it is cancelled, and stops recording before the runner kills it', () => {
    let cancel = (): void => {};
    const lifetime = createLifetime(3_600_000, (call) => (cancel = call));
    const timesLeft: number[] = [];
    for (const signal of [lifetime.drain, lifetime.abort])
      signal.addEventListener('abort', () => timesLeft.push(lifetime.timeLeftMs()));
    cancel();
    expect(timesLeft).toEqual([5000, 5000]);
    expect(states(lifetime)).toEqual([true, true, false, 'cancelled']);
    expect(lifetime.timeLeftMs()).toBe(5000);
    // The runner sends another signal after 7.5 seconds, and kills after 10.
    vi.advanceTimersByTime(5000);
    expect(states(lifetime)).toEqual([true, true, true, 'cancelled']);
  });

  it.each([-3_600_000, 3_600_000])('knows its end though the clock is set by %i ms', (change) => {
    let cancel = (): void => {};
    const lifetime = createLifetime(10 * 60_000, (call) => (cancel = call));
    vi.setSystemTime(Date.now() + change);
    expect(lifetime.timeLeftMs()).toBe(16 * 60_000);
    cancel();
    expect(lifetime.timeLeftMs()).toBe(5000);
  });
});
