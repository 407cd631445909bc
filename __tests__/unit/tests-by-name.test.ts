import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
const UNIT = fileURLToPath(new URL('./', import.meta.url));

/** Files with behaviour and no test of their name, and why they need none. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'github/write-session.ts': 'a class with fields and no method: github/retry.test.ts has what they mean',
  'inputs/config-schema.ts': 'a schema: inputs/config.test.ts has what it accepts',
};

/** Windows has backslashes. */
const filesIn = (folder: string, pattern: string): string[] =>
  globSync(pattern, { cwd: folder }).map((path) => path.replaceAll('\\', '/'));

/** True for a file that has more than types and constants: a function or a class. */
function hasBehaviour(file: string): boolean {
  const text = readFileSync(join(SRC, file), 'utf8');
  return /^(?:export )?(?:async )?(?:function\b|class\b)|^(?:export )?const \w+[^\n]*=>|^process\./m.test(
    text,
  );
}

const tests = filesIn(UNIT, '**/*.test.ts');

/** True when a test's path mirrors that of `file`: `github/retry.test.ts`, `github/retry.faults.test.ts`. */
function hasTest(file: string): boolean {
  const path = file.replace(/\.ts$/, '.');
  return tests.some((test) => test.startsWith(path));
}

describe('a source file with behaviour', () => {
  const files = filesIn(SRC, '**/*.ts').filter(hasBehaviour);

  it('is one of those that were found', () => {
    expect(files).toContain('oci/digest.ts');
    expect(files).not.toContain('mirror/mode.ts');
  });

  it('has a test of its name, under the same path', () => {
    expect(files.filter((file) => !hasTest(file) && !Object.hasOwn(EXCEPTIONS, file))).toEqual([]);
  });

  it('is an exception only while it has none', () => {
    expect(Object.keys(EXCEPTIONS).filter((file) => !files.includes(file) || hasTest(file))).toEqual([]);
  });
});
