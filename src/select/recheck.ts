import { createHash } from 'node:crypto';
import type { IsDue, RecheckTurn } from '../mirror/recheck.ts';
import { isFullVersion } from '../mirror/versions.ts';

const DAY_MS = 24 * 3_600_000;
/** GitHub removes cache entries that were not used for a week: where none is left, at least as many days have passed. */
const LOST_DAYS = 8;

/**
 * Which recorded tags are looked up again. Tags that move (`latest`, `v1`, `nightly`) are looked up on every run. Tags of
 * a full version, which are rarely pushed twice, are rechecked in rotation: each has its day, which returns every `days`
 * days, and a run rechecks the tags of all days since the last run. So each tag is rechecked once in `days` days if runs
 * are at most `days` days apart, whatever the schedule.
 *
 * Where the last run is not known, a run rechecks the tags of one day; of eight days where runs are remembered, but not this
 * one, as after a week without runs. It does not recheck all tags: runs that are cut off are not remembered, and would
 * recheck everything each time. Each round then begins a day later, so that weekly runs reach all tags too.
 */
export function recheckRule(days: number, { day, last }: RecheckTurn): IsDue {
  // A day in the future is a wrong clock's.
  const isKnown = typeof last === 'number' && last <= day;
  const span = isKnown ? day - last : last === 'unknown' ? 1 : LOST_DAYS;
  const newest = isKnown ? day : day + Math.floor(day / days);
  return (image, tag) => !isFullVersion(tag) || daysSinceTurn(image, tag, newest, days) < span;
}

/** Number of days from the last day of a tag until `day`: 0 to `days` - 1. */
function daysSinceTurn(image: string, tag: string, day: number, days: number): number {
  const phase = createHash('sha256').update(`${image}:${tag}`).digest().readUIntBE(0, 6) % days;
  return (day + days - phase) % days;
}

/** The number of days from 1970 to `date`, in UTC. */
export function dayOf(date: Date): number {
  return Math.floor(date.getTime() / DAY_MS);
}
