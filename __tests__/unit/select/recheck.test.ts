import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOf, recheckRule } from '../../../src/select/recheck.ts';

const START = dayOf(new Date(Date.UTC(2026, 10, 25, 3)));

/** The runs, by their days, that recheck `tag`; the first one knows no run before it. */
function recheckedOn(tag: string, recheck: number, runs: readonly number[]): number[] {
  return runs.filter((day, index) =>
    recheckRule(recheck, { day, last: runs[index - 1] ?? 'none' })('image', tag),
  );
}

/** The days of runs in `total` days, of which `gaps` says in turn how far apart they are. */
function runsOf(gaps: readonly number[], total: number): number[] {
  const runs = [START];
  for (let index = 0; (runs.at(-1) ?? START) < START + total; index += 1)
    runs.push((runs.at(-1) ?? START) + (gaps[index % gaps.length] ?? 1));
  return runs;
}

/** The days, of `days`, on which runs every `every` days recheck `tag`. */
function askedOn(
  tag: string,
  { recheck, every, days }: Record<'recheck' | 'every' | 'days', number>,
): number[] {
  return Array.from({ length: Math.floor(days / every) }, (_, run) => run * every).filter((day) =>
    recheckRule(recheck, { day: START + day, last: 'unknown' })('image', tag),
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
    const isDue = recheckRule(30, { day: START, last: 'unknown' });
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

  const tags = fc.tuple(fc.nat(99), fc.nat(99)).map(([minor, patch]) => `v1.${minor}.${patch}`);
  const schedules = fc.oneof(
    fc.constantFrom([1], [1, 1, 1, 1, 3], [7], [14], [0, 0, 1]),
    fc.array(fc.nat(20), { minLength: 1, maxLength: 40 }).filter((gaps) => gaps.some((gap) => gap > 0)),
  );

  it('rechecks each tag once in `days` days of any schedule with gaps of at most `days`', () => {
    fc.assert(
      fc.property(tags, schedules, fc.integer({ min: 21, max: 40 }), (tag, gaps, recheck) => {
        const runs = runsOf(gaps, 400);
        const found = recheckedOn(tag, recheck, runs).filter((day) => day > START);
        const longestGap = Math.max(...gaps);
        const lastRun = runs.at(-1) ?? START;
        for (const [index, day] of [...found, lastRun].entries())
          expect(day - (found[index - 1] ?? START)).toBeLessThanOrEqual(recheck + longestGap);
        expect(found.length).toBeLessThanOrEqual(Math.ceil((lastRun - START) / recheck));
      }),
    );
  });

  it.each([
    ['daily', [1]],
    ['Monday to Friday', [1, 1, 1, 1, 3]],
    ['weekly', [7]],
  ])('rechecks all tags in 30 days and the longest gap: %s', (_, gaps) => {
    const all = Array.from({ length: 300 }, (__, number) => `v1.${number}.0`);
    const runs = runsOf(gaps, 30 + Math.max(...gaps));
    expect(all.filter((tag) => recheckedOn(tag, 30, runs).length === 0)).toEqual([]);
  });

  it('rechecks no tag again in a second run of the day, and all after a gap of `days`', () => {
    const all = Array.from({ length: 300 }, (_, number) => `v1.${number}.0`);
    const dueOf = (last: number): number =>
      all.filter((tag) => recheckRule(30, { day: START, last })('image', tag)).length;
    expect([dueOf(START), dueOf(START - 30), dueOf(START - 99)]).toEqual([0, 300, 300]);
    // The day of a clock that was wrong.
    expect(dueOf(START + 1000)).toBeGreaterThan(0);
  });

  it('reaches all tags in weekly runs whose days are lost', () => {
    const all = Array.from({ length: 300 }, (_, number) => `v1.${number}.0`);
    const runs = [0, 7, 14, 21, 28, 35].map((day) => START + day);
    const never = all.filter(
      (tag) => !runs.some((day) => recheckRule(30, { day, last: 'none' })('image', tag)),
    );
    expect(never).toEqual([]);
  });
});
