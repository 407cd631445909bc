import { createHash } from 'node:crypto';
import type { IsDue } from '../mirror/recheck.ts';
import { isFullVersion } from '../mirror/versions.ts';

const DAY_MS = 24 * 3_600_000;

/**
 * Which recorded tags are looked up again. Tags that move (`latest`, `v1`, `nightly`) are looked up on every run. Tags of
 * a full version, which are rarely pushed twice, are rechecked in rotation, each once in every `days` days of daily runs.
 * Each round begins a day later, so that weekly runs reach all tags too.
 *
 * @param today in days since 1970
 */
export function recheckRule(days: number, today: number): IsDue {
  const turn = (today + Math.floor(today / days)) % days;
  return (image, tag) => !isFullVersion(tag) || turnOf(image, tag, days) === turn;
}

function turnOf(image: string, tag: string, turns: number): number {
  return createHash('sha256').update(`${image}:${tag}`).digest().readUIntBE(0, 6) % turns;
}

/** The number of days from 1970 to `date`, in UTC. */
export function dayOf(date: Date): number {
  return Math.floor(date.getTime() / DAY_MS);
}
