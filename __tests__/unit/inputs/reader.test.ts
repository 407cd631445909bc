import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError, InputReader, show } from '../../../src/inputs/reader.ts';

function reading(value: string): InputReader {
  return new InputReader((name) => (name === 'input' ? value : ''));
}

/** The message of what `finish` throws; undefined when it does not throw. */
function problemsOf(reader: InputReader): string | undefined {
  try {
    reader.finish();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return undefined;
}

/** The problems of `input` alone. */
function problemOf(value: string, read: (reader: InputReader) => unknown): string | undefined {
  const reader = reading(value);
  read(reader);
  return problemsOf(reader);
}

describe('InputError', () => {
  it('is one line for one problem, and a list for several', () => {
    expect(new InputError(['a: x']).message).toBe('a: x');
    expect(new InputError(['a: x', 'b: y']).message).toBe('2 inputs are wrong:\n- a: x\n- b: y');
  });
});

describe('InputReader', () => {
  it('reports all problems together, in the order in which they were found, and only at the end', () => {
    const reader = reading('x');
    expect(reader.integer('input', 3, 9)).toBe(3);
    expect(reader.boolean('input')).toBe(false);
    expect(reader.choice('input', ['first', 'second'])).toBe('first');
    expect(reader.duration('input')).toBe(1);
    reader.required('other', 'something');
    expect(problemsOf(reader)).toBe(
      [
        '5 inputs are wrong:',
        '- input: "x" is not a whole number from 3 to 9',
        '- input: "x" is neither true nor false',
        '- input: "x" is not one of first, second',
        '- input: "x" is not a time with its unit, such as 500ms, 30s, 10m or 2h',
        '- other: is required: something',
      ].join('\n'),
    );
  });

  it('finishes without an error when there was no problem', () => {
    expect(problemsOf(reading('x'))).toBeUndefined();
  });

  it('treats an empty input as not set', () => {
    const reader = reading('x');
    expect([reader.text('input'), reader.text('other')]).toEqual(['x', '']);
    expect([reader.optional('input'), reader.optional('other')]).toEqual(['x', undefined]);
    expect(problemsOf(reader)).toBeUndefined();
  });
});

describe('list', () => {
  it.each([
    ['', []],
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    [' a , ,b,, ', ['a', 'b']],
    ['a\nb\r\nc', ['a', 'b', 'c']],
    ['# all of it', []],
    ['  # indented', []],
    ['a # why, because', ['a']],
    ['a,#b', ['a', '#b']],
    ['a\t#why\nb', ['a', 'b']],
    ['a#b', ['a#b']],
    ['# a\n#b\nc', ['c']],
    ['a,a', ['a', 'a']],
  ])('reads %j', (value, items) => {
    expect(reading(value).list('input')).toEqual(items);
  });

  it('returns the items however they were joined, with comments in between', () => {
    const item = fc.stringMatching(/^[a-z0-9:/*{}.-]{1,10}$/);
    const separator = fc.constantFrom(
      ',',
      ' , ',
      '\n',
      '\r\n',
      ' # comment, more\n',
      '\n# comment\n',
      '\n\n',
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(item, separator)), (pairs) => {
        const items = pairs.map(([one]) => one);
        expect(reading(pairs.flat().join('')).list('input')).toEqual(items);
      }),
    );
  });
});

describe('choice', () => {
  it.each(['first', 'second'])('takes %s', (value) => {
    expect(
      problemOf(value, (reader) => expect(reader.choice('input', ['first', 'second'])).toBe(value)),
    ).toBe(undefined);
  });

  it.each(['', 'First', 'third', 'constructor'])('refuses %j', (value) => {
    expect(problemOf(value, (reader) => reader.choice('input', ['first', 'second']))).toBe(
      `input: ${JSON.stringify(value)} is not one of first, second`,
    );
  });
});

describe('boolean', () => {
  it.each([
    ['true', true],
    ['True', true],
    ['TRUE', true],
    ['false', false],
    ['False', false],
    ['FALSE', false],
  ])('reads %s', (value, read) => {
    expect(problemOf(value, (reader) => expect(reader.boolean('input')).toBe(read))).toBeUndefined();
  });

  it.each(['', 'yes', 'no', '0', '1', 'tRUE', 'flase', 'true true'])('refuses %j', (value) => {
    expect(problemOf(value, (reader) => reader.boolean('input'))).toContain('neither true nor false');
  });
});

describe('integer', () => {
  it.each([
    ['1', 1],
    ['10', 10],
    ['256', 256],
    ['007', 7],
  ])('reads %s', (value, number) => {
    expect(
      problemOf(value, (reader) => expect(reader.integer('input', 1, 256)).toBe(number)),
    ).toBeUndefined();
  });

  it.each(['', '0', '257', '-1', '+1', '1.5', '1e2', '0x10', '1 0', 'ten', 'Infinity', '9'.repeat(400)])(
    'refuses %j',
    (value) => {
      const problem = problemOf(value, (reader) => reader.integer('input', 1, 256));
      expect(problem).toMatch(/^input: ".*" is not a whole number from 1 to 256$/);
    },
  );
});

describe('duration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['30 s', 30_000],
    ['1ms', 1],
  ])('reads %s', (value, ms) => {
    expect(problemOf(value, (reader) => expect(reader.duration('input')).toBe(ms))).toBeUndefined();
  });

  it.each(['', '30', 's', '0s', '0ms', '-1s', '1.5h', '1h30m', '30S', '1d', '30 seconds', '1234567890s'])(
    'refuses %j',
    (value) => {
      const problem = problemOf(value, (reader) => reader.duration('input'));
      expect(problem).toContain(`input: ${JSON.stringify(value)} is not a time with its unit`);
    },
  );
});

describe('show', () => {
  it('quotes a value, on one line, and cuts a long one', () => {
    expect(show('a "b"\nc')).toBe(String.raw`"a \"b\"\nc"`);
    expect(show('x'.repeat(100))).toBe(`"${'x'.repeat(100)}"`);
    expect(show('x'.repeat(101))).toBe(`"${'x'.repeat(100)}…"`);
  });
});
