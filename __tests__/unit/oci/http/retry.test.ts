import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  RetryBudget,
  backoffDelay,
  errorCode,
  isNetworkError,
  isRetryableStatus,
  parseRetryAfter,
} from '../../../../src/oci/http/retry.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');

describe('parseRetryAfter', () => {
  it.each([
    ['60', 60_000],
    [' 0 ', 0],
    ['Tue, 24 Nov 2026 12:00:30 GMT', 30_000],
    ['Tuesday, 24-Nov-26 12:00:30 GMT', 30_000],
    ['Tue, 24 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %j', (value, expected) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected);
  });

  it('returns a finite wait, or none, for any header', () => {
    const values = fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String));
    fc.assert(
      fc.property(values, (value) => {
        const wait = parseRetryAfter(value, NOW) ?? 0;
        expect(Number.isFinite(wait) && wait >= 0).toBe(true);
      }),
    );
  });
});

describe('backoffDelay', () => {
  it('doubles from half a second to half a minute, with jitter over its upper half', () => {
    expect([0, 1, 2, 5, 6, 50].map((attempt) => backoffDelay(attempt, () => 1))).toEqual([
      500, 1000, 2000, 16_000, 30_000, 30_000,
    ]);
    expect([0, 6].map((attempt) => backoffDelay(attempt, () => 0))).toEqual([250, 15_000]);
  });
});

describe('a failure worth a retry', () => {
  it.each([408, 429, 499, 500, 502, 503, 504, 522])('is status %d', (status) => {
    expect(isRetryableStatus(status)).toBe(true);
  });

  it.each([200, 307, 400, 401, 403, 404, 405, 409, 413, 416, 501])('is not status %d', (status) => {
    expect(isRetryableStatus(status)).toBe(false);
  });

  it('is a broken connection, however deep its code is nested', () => {
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    const wrapped = new TypeError('terminated', { cause: new Error('socket', { cause: reset }) });
    expect([errorCode(wrapped), isNetworkError(wrapped)]).toEqual(['ECONNRESET', true]);
  });

  it.each([
    ['a host that does not exist', Object.assign(new Error('dns'), { code: 'ENOTFOUND' })],
    ['a certificate that is not trusted', Object.assign(new Error('tls'), { code: 'CERT_HAS_EXPIRED' })],
    ['a code that is none', Object.assign(new Error('x'), { code: 54 })],
    ['an error without a code', new Error('ECONNRESET')],
    ['a thrown text', 'ECONNRESET'],
    ['nothing', undefined],
  ])('is not %s', (_, error) => {
    expect(isNetworkError(error)).toBe(false);
  });
});

describe('RetryBudget', () => {
  const plain = { retryable: true, ambiguous: false };
  const ambiguous = { retryable: false, ambiguous: true };
  const waits = (
    retries: number,
    ...problems: Parameters<RetryBudget['nextDelay']>[0][]
  ): (number | undefined)[] => {
    const retryBudget = new RetryBudget(retries, () => 1);
    return problems.map((problem) => retryBudget.nextDelay(problem));
  };

  it('grants N retries, each after a longer wait', () => {
    expect(waits(3, plain, plain, plain, plain)).toEqual([500, 4000, 30_000, undefined]);
    expect(waits(10, plain, plain, plain)).toEqual([500, 1000, 2000]);
    expect(waits(0, plain)).toEqual([undefined]);
  });

  it.each([4, 5, 6, 8, 10])('lasts about a minute with %d retries, and more with many', (retries) => {
    const all = waits(retries, ...Array.from({ length: retries }, () => plain));
    const seconds = all.reduce((sum: number, wait) => sum + (wait ?? 0), 0) / 1000;
    expect(seconds).toBeGreaterThan(60);
    expect(seconds).toBeLessThan(160);
  });

  it('grants three retries of ambiguous failures, whatever happened between', () => {
    const problems = [ambiguous, plain, ambiguous, plain, ambiguous, plain, ambiguous];
    const [last, ...before] = waits(10, ...problems).toReversed();
    expect(last).toBeUndefined();
    expect(before).not.toContain(undefined);
  });

  it('waits as long as Retry-After says, up to a limit', () => {
    const asking = (retryAfter: number): typeof plain & { retryAfter: number } => ({ ...plain, retryAfter });
    expect(waits(5, asking(600_000), asking(100), asking(600_001))).toEqual([600_000, 2000, undefined]);
  });

  it('grants no retry when nothing would change', () => {
    expect(waits(5, { retryable: false, ambiguous: false })).toEqual([undefined]);
  });
});
