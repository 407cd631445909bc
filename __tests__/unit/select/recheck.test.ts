import { describe, expect, it } from 'vitest';
import { dayOf, recheckRule } from '../../../src/select/recheck.ts';

const START = dayOf(new Date(Date.UTC(2026, 10, 25, 3)));

/** The days, of `days`, on which runs every `every` days recheck `tag`. */
function askedOn(
  tag: string,
  { recheck, every, days }: Record<'recheck' | 'every' | 'days', number>,
): number[] {
  return Array.from({ length: Math.floor(days / every) }, (_, run) => run * every).filter((day) =>
    recheckRule(recheck, START + day)('image', tag),
  );
}

describe('recheckRule', () => {
  it.each(['latest', 'v1', '1.2', 'nightly', 'debug', 'main'])('rechecks %s every day', (tag) => {
    expect(askedOn(tag, { recheck: 30, every: 1, days: 60 })).toHaveLength(60);
  });

  it('rechecks each full version once per round, and about as many every day', () => {
    const tags = Array.from({ length: 3000 }, (_, number) => `v1.${number}.0`);
    for (const tag of tags.slice(0, 100)) {
      const days = askedOn(tag, { recheck: 30, every: 1, days: 300 });
      expect(days.length).toBeGreaterThanOrEqual(9);
      expect(days.length).toBeLessThanOrEqual(11);
    }
    const isDue = recheckRule(30, START);
    const asked = tags.filter((tag) => isDue('image', tag)).length;
    expect(asked).toBeGreaterThan(60);
    expect(asked).toBeLessThan(140);
  });

  it.each([
    [7, 7],
    [30, 7],
    [30, 2],
    [28, 14],
    [30, 30],
  ])('with %d days comes by all tags in runs every %d days too', (recheck, every) => {
    const tags = Array.from({ length: 200 }, (_, number) => `v1.${number}.0`);
    const days = recheck * recheck * every;
    const never = tags.filter((tag) => askedOn(tag, { recheck, every, days }).length === 0);
    expect(never).toEqual([]);
  });

  it('rechecks all tags every day if recheck is 1', () => {
    expect(askedOn('v1.2.3', { recheck: 1, every: 1, days: 10 })).toHaveLength(10);
  });
});
