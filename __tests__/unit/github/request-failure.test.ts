import { RequestError } from 'octokit';
import { describe, expect, it } from 'vitest';
import { classifyFailure, isOutcomeUnknown, limitError } from '../../../src/github/request-failure.ts';

const NOW = new Date('2026-11-26T04:00:00Z');

function failureOf(
  status: number,
  message: string,
  { method = 'PUT', headers = {} }: { method?: 'GET' | 'PUT'; headers?: Record<string, string> } = {},
): RequestError {
  const url = 'https://api.github.com/repos/octo/meta/contents/a.json';
  const all = { date: NOW.toUTCString(), ...headers };
  return new RequestError(message, status, {
    request: { method, url, headers: {} },
    response: { status, url, headers: all, data: {} },
  });
}

const inSeconds = (seconds: number): string => String(NOW.getTime() / 1000 + seconds);

describe('classifyFailure', () => {
  it.each([
    [409, 'a.json does not match 0123abcd'],
    [409, 'is at 0123 but expected 4567'],
    [409, 'protected.json does not match 0123abcd'],
    [422, 'Invalid request.\n\n"sha" wasn\'t supplied.'],
  ])('finds a conflict with another job in status %d, %s', (status, message) => {
    expect(classifyFailure(failureOf(status, message), 'a.json')).toEqual({ kind: 'conflict' });
  });

  it.each([
    [500, 'Server Error'],
    [502, '<html>'],
    [408, 'Request Timeout'],
    [409, 'Git Repository is in an odd state'],
  ])('does not know whether a write was done after status %d, %s', (status, message) => {
    expect(classifyFailure(failureOf(status, message), 'a.json')).toEqual({ kind: 'outcome-unknown' });
    expect(isOutcomeUnknown(failureOf(status, message))).toBe(true);
  });

  it.each([
    ['Retry-After', 403, { 'retry-after': '30' }, 30_000],
    [
      'a limit that is used up',
      403,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(60) },
      61_000,
    ],
    [
      'a reset that is over',
      403,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(-60) },
      1000,
    ],
    ['a limit without a time', 429, {}, undefined],
    [
      'a limit that is not used up',
      429,
      { 'x-ratelimit-remaining': '5', 'x-ratelimit-reset': inSeconds(60) },
      undefined,
    ],
  ])('reads the wait of a rate limit from %s', (_, status, headers, waitMs) => {
    const failure = classifyFailure(failureOf(status, 'slow down', { headers }), 'a.json');
    expect(failure).toEqual({ kind: 'rate-limited', waitMs });
  });

  it.each(['You have exceeded a secondary rate limit', 'This was flagged as abuse'])(
    'finds a rate limit in the message: %s',
    (message) => {
      expect(classifyFailure(failureOf(403, message), 'a.json').kind).toBe('rate-limited');
    },
  );

  it.each([
    [
      'PUT',
      409,
      'Changes must be made through a pull request',
      /^a\.json can't be written: its branch is protected.*GitHub says/,
    ],
    ['GET', 404, 'Not Found', /^a\.json can't be read: .*"metadata-repository".*\(GitHub says: Not Found\)$/],
    [
      'PUT',
      403,
      'Resource not accessible by integration',
      /^a\.json can't be written: .*lacks the permission/,
    ],
    [
      'GET',
      407,
      'The proxy p:1 refuses its password',
      /^a\.json can't be read: The proxy p:1 refuses its password$/,
    ],
  ] as const)('explains a refused %s with status %d', (method, status, message, explained) => {
    const failure = classifyFailure(failureOf(status, message, { method }), 'a.json');
    expect(failure).toMatchObject({ kind: 'refused', error: { kind: 'refused' } });
    expect(failure.kind === 'refused' && failure.error.message).toMatch(explained);
  });
});

describe('limitError', () => {
  it('says how long the limit lasts', () => {
    const error = limitError(failureOf(403, 'rate limit'), 'a.json', 3_600_000);
    expect(error.kind).toBe('limited');
    expect(error.message).toMatch(/^a\.json can't be written: a rate limit .* another 1 h 0 min/);
  });
});
