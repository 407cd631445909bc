import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkpointIntervalMs,
  finalDelayMs,
  firstCheckpointMs,
  roundPauseMs,
} from '../../../src/record/schedule.ts';

const HOUR_MS = 3_600_000;
const jobs = fc.integer({ min: 1, max: 256 });
const files = fc.integer({ min: 0, max: 1000 });
const timeMs = fc.integer({ min: 1, max: 24 * HOUR_MS });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('checkpointIntervalMs', () => {
  it('keeps all jobs together at 200 files an hour, unless there are few', () => {
    fc.assert(
      fc.property(timeMs, jobs, files, (inputMs, count, each) => {
        const interval = checkpointIntervalMs(inputMs, count, each);
        const all = count * Math.max(1, each);
        expect(interval).toBeGreaterThanOrEqual(inputMs);
        const isWithin = (all * HOUR_MS) / interval <= 200.001;
        expect(all > 20 ? isWithin : interval === inputMs).toBe(true);
      }),
    );
  });
});

describe('firstCheckpointMs', () => {
  it('spreads the jobs of a matrix over the interval, and delays no job that is alone', () => {
    fc.assert(
      fc.property(timeMs, jobs, random, (intervalMs, count, value) => {
        const first = firstCheckpointMs(intervalMs, count, () => value);
        expect(first).toBe(count === 1 ? intervalMs : intervalMs * value);
      }),
    );
  });
});

describe('finalDelayMs', () => {
  it('takes at most a quarter of the time that is left, and nothing where a job is alone', () => {
    fc.assert(
      fc.property(jobs, timeMs, random, (count, leftMs, value) => {
        const delay = finalDelayMs(count, leftMs, () => value);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(leftMs / 4);
        expect(delay === 0 || count > 1).toBe(true);
      }),
    );
  });

  it('is spread over 20 seconds for few jobs, and over more for many', () => {
    expect(finalDelayMs(20, HOUR_MS, () => 1)).toBe(20_000);
    expect(finalDelayMs(200, HOUR_MS, () => 1)).toBeGreaterThan(finalDelayMs(21, HOUR_MS, () => 1));
  });
});

describe('roundPauseMs', () => {
  it('doubles up to a quarter of an hour, within a quarter of the time that is left', () => {
    const pauses = [1, 2, 3, 4, 5, 6].map((round) => roundPauseMs(round, 24 * HOUR_MS, () => 1));
    expect(pauses.map((ms) => ms / 60_000)).toEqual([1, 2, 4, 8, 15, 15]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), timeMs, random, (round, leftMs, value) => {
        const pause = roundPauseMs(round, leftMs, () => value);
        const longest = roundPauseMs(round, leftMs, () => 1);
        expect(pause).toBeGreaterThanOrEqual(longest / 2);
        expect(longest).toBeLessThanOrEqual(Math.min(leftMs / 4, 900_000));
      }),
    );
  });
});
