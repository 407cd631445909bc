import { describe, expect, it } from 'vitest';
import { parseAgeOrDate } from '../../../src/inputs/age-or-date.ts';

const NOW = Date.UTC(2026, 10, 25, 12);

describe('parseAgeOrDate', () => {
  it.each([
    ['12h', '2026-11-25T00:00:00.000Z'],
    ['90d', '2026-08-27T12:00:00.000Z'],
    ['2 w', '2026-11-11T12:00:00.000Z'],
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31T10:20:30Z', '2026-01-31T10:20:30.000Z'],
    ['2026-01-31T10:20:30.5+08:00', '2026-01-31T02:20:30.500Z'],
  ])('reads %s', (text, moment) => {
    expect(new Date(parseAgeOrDate(text, NOW) ?? 0).toISOString()).toBe(moment);
  });

  it.each([
    '',
    '90',
    '90m',
    'd',
    '-1d',
    '1.5d',
    'yesterday',
    '2026-13-01',
    '2026-1-1',
    '1/31/2026',
    '9999999d',
  ])('does not read %j', (text) => {
    expect(parseAgeOrDate(text, NOW)).toBeUndefined();
  });
});
