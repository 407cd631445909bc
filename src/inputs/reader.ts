/** Something wrong with one input, told with its value, what is allowed and what to do. */
export class InputError extends Error {
  override readonly name = 'InputError';

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(
      problems.length === 1
        ? problems.join('')
        : `${problems.length} inputs are wrong:\n- ${problems.join('\n- ')}`,
      options,
    );
  }
}

const TRUE = new Set(['true', 'True', 'TRUE']);
const FALSE = new Set(['false', 'False', 'FALSE']);
const UNIT_MS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);
const LONGEST_SHOWN_CHARACTERS = 100;
/** Longer than any job, and no longer than a timer can be. Milliseconds. */
const LONGEST_DURATION_MS = 500 * 3_600_000;

/**
 * Reads inputs by type and gathers what is wrong with them, so that all problems are told at once. After a problem
 * a reader goes on with a harmless value; `finish` then throws.
 */
export class InputReader {
  readonly #get: (name: string) => string;
  readonly #problems: string[] = [];

  /** @param get gives an input's trimmed text, empty when it was left out */
  constructor(get: (name: string) => string) {
    this.#get = get;
  }

  problem(name: string, what: string): void {
    this.#problems.push(`${name}: ${what}`);
  }

  /** @throws InputError when there was any problem */
  finish(): void {
    if (this.#problems.length > 0) throw new InputError(this.#problems);
  }

  text(name: string): string {
    return this.#get(name);
  }

  optional(name: string): string | undefined {
    return this.#get(name) || undefined;
  }

  required(name: string, what: string): string {
    const value = this.#get(name);
    if (value === '') this.problem(name, `is required: ${what}`);
    return value;
  }

  /** As `listOf` reads it. */
  list(name: string): string[] {
    return listOf(this.#get(name));
  }

  choice<const T extends string>(name: string, allowed: readonly [T, ...T[]]): T {
    const value = this.#get(name);
    const found = allowed.find((choice) => choice === value);
    if (found === undefined) this.problem(name, `${show(value)} is not one of ${allowed.join(', ')}`);
    return found ?? allowed[0];
  }

  /** YAML 1.2 core schema booleans, as `core.getBooleanInput` takes them. https://yaml.org/spec/1.2.2/#10212-boolean */
  boolean(name: string): boolean {
    const value = this.#get(name);
    if (!TRUE.has(value) && !FALSE.has(value)) this.problem(name, `${show(value)} is neither true nor false`);
    return TRUE.has(value);
  }

  integer(name: string, min: number, max: number): number {
    const value = this.#get(name);
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    this.problem(name, `${show(value)} is not a whole number from ${min} to ${max}`);
    return min;
  }

  /** A time with its unit, in milliseconds. */
  duration(name: string): number {
    const value = this.#get(name);
    const [, number = '', unit = ''] = /^(\d{1,9})\s*(ms|s|m|h)$/.exec(value) ?? [];
    const ms = Number(number) * (UNIT_MS.get(unit) ?? 0);
    if (ms > 0 && ms <= LONGEST_DURATION_MS) return ms;
    const most = ms > LONGEST_DURATION_MS ? ` of at most ${LONGEST_DURATION_MS / 3_600_000} hours` : '';
    this.problem(name, `${show(value)} is not a time with its unit${most}, such as 500ms, 30s, 10m or 2h`);
    return 1;
  }
}

/** One item a line or comma-separated; `#` starts a comment, at a line's start or after a space. */
export function listOf(text: string): string[] {
  const items = text.split(/\r?\n/).flatMap((line) => line.replace(/(?:^|\s)#.*$/, '').split(','));
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

/** A value as an error shows it: quoted, one line, not too long. */
export function show(value: string): string {
  return JSON.stringify(
    value.length > LONGEST_SHOWN_CHARACTERS ? `${value.slice(0, LONGEST_SHOWN_CHARACTERS)}…` : value,
  );
}
