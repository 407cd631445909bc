const UNIT_MS = new Map([
  ['h', 3_600_000],
  ['d', 24 * 3_600_000],
  ['w', 7 * 24 * 3_600_000],
]);

/** https://www.rfc-editor.org/rfc/rfc3339#section-5.6, and a date alone, which begins in UTC. */
const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))?$/;

/**
 * A moment in milliseconds since the epoch: a date or, before `now`, an age such as `90d`. Undefined when `text` is
 * neither.
 */
export function parseAgeOrDate(text: string, now: number): number | undefined {
  const [, number, unit = ''] = /^(\d{1,6})\s*([hdw])$/.exec(text) ?? [];
  if (number !== undefined) return now - Number(number) * (UNIT_MS.get(unit) ?? 0);
  const time = DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
