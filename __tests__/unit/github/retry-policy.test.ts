import { describe, expect, it } from 'vitest';
import {
  type RetryDecision,
  type RetryPolicy,
  type RetryState,
  type RetryableFailure,
  READ_POLICY,
  decideRetry,
  writePolicy,
} from '../../../src/github/retry-policy.ts';

const CONFLICT: RetryableFailure = { kind: 'conflict' };
const UNKNOWN: RetryableFailure = { kind: 'outcome-unknown' };
const limited = (waitMs?: number): RetryableFailure => ({ kind: 'rate-limited', waitMs });
const giveUp: RetryDecision = { kind: 'give-up' };
const wait = (delayMs: number): RetryDecision => ({ kind: 'wait', delayMs });
const WRITE_POLICY = writePolicy('announcement', 1);
const FINAL_POLICY = writePolicy('final', 1);
/** Of one of 100 jobs. */
const CROWD_POLICY = writePolicy('final', 100);
const tooLong = (waitMs: number): RetryDecision => ({ kind: 'limit-too-long', waitMs });

interface Row {
  readonly title: string;
  readonly failure: RetryableFailure;
  readonly policy: RetryPolicy;
  readonly state?: Partial<RetryState>;
  /** With random numbers that are always 0, and with such that are always 1. */
  readonly least: RetryDecision;
  readonly most?: RetryDecision;
}

const rows: readonly Row[] = [
  {
    title: 'a write that collided is spread over 20 seconds',
    failure: CONFLICT,
    policy: WRITE_POLICY,
    least: wait(1000),
    most: wait(21_000),
  },
  {
    title: 'a second collision is spread twice as far',
    failure: CONFLICT,
    policy: WRITE_POLICY,
    state: { tries: 2 },
    least: wait(1000),
    most: wait(41_000),
  },
  {
    title: 'no wait after a collision is longer than a minute',
    failure: CONFLICT,
    policy: WRITE_POLICY,
    state: { tries: 14 },
    least: wait(1000),
    most: wait(61_000),
  },
  {
    title: 'a write without an answer is checked within three seconds',
    failure: UNKNOWN,
    policy: WRITE_POLICY,
    least: wait(1000),
    most: wait(3000),
  },
  {
    title: 'a write is given up after 15 tries',
    failure: CONFLICT,
    policy: WRITE_POLICY,
    state: { tries: 15 },
    least: giveUp,
  },
  {
    title: 'a read backs off from half a second',
    failure: UNKNOWN,
    policy: READ_POLICY,
    least: wait(250),
    most: wait(500),
  },
  {
    title: 'a read is given up after six tries',
    failure: UNKNOWN,
    policy: READ_POLICY,
    state: { tries: 6 },
    least: giveUp,
  },
  {
    title: 'a file after one that was given up has one try',
    failure: UNKNOWN,
    policy: WRITE_POLICY,
    state: { isFailing: true },
    least: giveUp,
  },
  {
    title: 'a stated rate limit is waited for before the usual wait',
    failure: limited(7000),
    policy: WRITE_POLICY,
    state: { limits: 1 },
    least: wait(8000),
    most: wait(28_000),
  },
  {
    title: 'a limit without a time is waited for a minute',
    failure: limited(),
    policy: WRITE_POLICY,
    state: { limits: 1 },
    least: wait(61_000),
  },
  {
    title: 'a third limit without a time is waited for four minutes',
    failure: limited(),
    policy: WRITE_POLICY,
    state: { tries: 3, limits: 3 },
    least: wait(241_000),
  },
  {
    title: 'a fourth limit without a time is too long',
    failure: limited(),
    policy: WRITE_POLICY,
    state: { tries: 4, limits: 4 },
    least: tooLong(480_000),
  },
  {
    title: 'a limit of more than five minutes is too long',
    failure: limited(300_001),
    policy: WRITE_POLICY,
    state: { limits: 1 },
    least: tooLong(300_001),
  },
  {
    title: 'a sixth limit is given up',
    failure: limited(2000),
    policy: WRITE_POLICY,
    state: { tries: 6, limits: 6 },
    least: giveUp,
  },
  {
    title: 'a final write waits for a limit of any length while time is left',
    failure: limited(3_600_000),
    policy: FINAL_POLICY,
    state: { limits: 7, timeLeftMs: 7_200_000 },
    least: wait(3_601_000),
    most: wait(3_621_000),
  },
  {
    title: 'a final write does not wait for a limit beyond the end',
    failure: limited(3_600_000),
    policy: FINAL_POLICY,
    state: { limits: 1, timeLeftMs: 3_599_000 },
    least: tooLong(3_600_000),
  },
  {
    title: 'many jobs spread their writes after a limit',
    failure: limited(60_000),
    policy: CROWD_POLICY,
    state: { limits: 1 },
    least: wait(61_000),
    most: wait(661_000),
  },
  {
    title: 'many jobs spread further after each collision',
    failure: CONFLICT,
    policy: CROWD_POLICY,
    state: { tries: 14 },
    least: wait(1000),
    most: wait(601_000),
  },
  {
    title: 'five seconds before the end no wait is longer than a twelfth of them',
    failure: CONFLICT,
    policy: FINAL_POLICY,
    state: { tries: 5, timeLeftMs: 4800 },
    least: wait(0),
    most: wait(400),
  },
  {
    title: 'five minutes before the end no wait is longer than a twelfth of them',
    failure: CONFLICT,
    policy: FINAL_POLICY,
    state: { tries: 5, timeLeftMs: 300_000 },
    least: wait(0),
    most: wait(25_000),
  },
  {
    title: 'the changelog makes way for what is recorded when little time is left',
    failure: CONFLICT,
    policy: writePolicy('changelog', 1),
    state: { timeLeftMs: 14_000 },
    least: giveUp,
  },
  {
    title: 'a limit that ends in time is waited for first',
    failure: limited(60_000),
    policy: FINAL_POLICY,
    state: { limits: 1, timeLeftMs: 180_000 },
    least: wait(60_000),
    most: wait(70_000),
  },
];

describe('decideRetry', () => {
  it.each(rows)('$title', ({ failure, policy, state, least, most = least }) => {
    const all = { tries: 1, limits: 0, isFailing: false, timeLeftMs: Number.POSITIVE_INFINITY, ...state };
    expect(decideRetry(failure, all, policy, () => 0)).toEqual(least);
    if (least.kind === 'wait' && most === least) return;
    expect(decideRetry(failure, all, policy, () => 1)).toEqual(most);
  });
});
