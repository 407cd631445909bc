const UNIT_MS = new Map([
  ['h', 3_600_000],
  ['d', 24 * 3_600_000],
  ['w', 7 * 24 * 3_600_000],
]);

/** A time of https://www.rfc-editor.org/rfc/rfc3339#section-5.6, or a date alone, which means its start in UTC. */
const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))?$/;

/**
 * Reads a date, or an age such as `90d`, which is counted back from `now`.
 *
 * @param now milliseconds since the epoch
 * @returns milliseconds since the epoch; undefined when `text` is neither
 */
export function parseAgeOrDate(text: string, now: number): number | undefined {
  const [, number, unit = ''] = /^(\d{1,6})\s*([hdw])$/.exec(text) ?? [];
  if (number !== undefined) return now - Number(number) * (UNIT_MS.get(unit) ?? 0);
  const time = DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
