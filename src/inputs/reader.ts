/** Problems of inputs; each names the input, its value, what is allowed and what to do. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** Each problem. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(
      problems.length === 1
        ? problems.join('')
        : `${problems.length} inputs are wrong:\n- ${problems.join('\n- ')}`,
      options,
    );
    this.problems = problems;
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
/** Longer than any job, and short enough for a timer. */
const LONGEST_DURATION_MS = 500 * 3_600_000;

/**
 * Reads inputs by type and collects their problems, so that all are reported together. After a problem, a reader
 * continues with a harmless value, and `finish` throws later.
 */
export class InputReader {
  readonly #get: (name: string) => string;
  readonly #problems: string[] = [];

  /** @param get returns an input's trimmed text; empty when it is not set */
  constructor(get: (name: string) => string) {
    this.#get = get;
  }

  problem(name: string, what: string): void {
    this.#problems.push(`${name}: ${what}`);
  }

  /** Adds the problems that were found elsewhere. */
  adopt({ problems }: InputError): void {
    this.#problems.push(...problems);
  }

  /** A reader of the same inputs, without the problems of this one. */
  fresh(): InputReader {
    return new InputReader(this.#get);
  }

  /** All problems so far. */
  problems(): readonly string[] {
    return this.#problems;
  }

  /** @throws InputError with all problems, if there were any */
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

  /** A list, in the form that `listOf` reads. */
  list(name: string): string[] {
    return listOf(this.#get(name));
  }

  choice<const T extends string>(name: string, allowed: readonly [T, ...T[]]): T {
    const value = this.#get(name);
    const found = allowed.find((choice) => choice === value);
    if (found === undefined) this.problem(name, `${show(value)} is not one of ${allowed.join(', ')}`);
    return found ?? allowed[0];
  }

  /** The booleans of YAML 1.2's core schema, which `core.getBooleanInput` accepts. https://yaml.org/spec/1.2.2/#10212-boolean */
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

  /** A time with its unit, such as `30s`; in milliseconds. */
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

/** Splits a list: one item per line, or comma-separated. `#` starts a comment, at a line's start or after a space. */
export function listOf(text: string): string[] {
  const items = text.split(/\r?\n/).flatMap((line) => line.replace(/(?:^|\s)#.*$/, '').split(','));
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

/** A value as an error shows it: quoted, on one line, and cut when it is long. */
export function show(value: string): string {
  return JSON.stringify(
    value.length > LONGEST_SHOWN_CHARACTERS ? `${value.slice(0, LONGEST_SHOWN_CHARACTERS)}…` : value,
  );
}
