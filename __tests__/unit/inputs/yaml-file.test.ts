import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/inputs/reader.ts';
import { YamlFile } from '../../../src/inputs/yaml-file.ts';

const plain = (text: string): unknown => new YamlFile(text, 'mirror.yml', ['tags']).plain();

function problem(text: string): string {
  try {
    plain(text);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'none';
}

describe('YamlFile', () => {
  it('replaces aliases and merge keys, and keeps the own keys of a map', () => {
    const text = 'x: &a {p: 1, q: 2}\ny: &b {q: 3, r: 4}\nz: {<<: [*a, *b], p: 5}\nw: *a\n"<<": 6';
    expect(plain(text)).toEqual({
      x: { p: 1, q: 2 },
      y: { q: 3, r: 4 },
      z: { p: 5, q: 2, r: 4 },
      w: { p: 1, q: 2 },
      '<<': 6,
    });
  });

  it('uses the latest anchor of a name', () => {
    expect(plain('[&a 1, *a, &a 2, *a]')).toEqual([1, 1, 2, 2]);
  });

  it('reads the text of tags as it is written', () => {
    expect(plain('tags: [1.10, 0x10, v1, true]\nother: [1.10]')).toEqual({
      tags: ['1.10', '0x10', 'v1', 'true'],
      other: [1.1],
    });
  });

  it('finds values behind aliases and merge keys', () => {
    const file = new YamlFile('x: &a\n  p: 1\ny:\n  - *a\n  - <<: *a\n    q: 2', 'mirror.yml');
    file.plain();
    expect(file.locate(['y', 0, 'p'])).toBe('mirror.yml:2:6: y › 0 › p');
    expect(file.locate(['y', 1, 'p'])).toBe('mirror.yml:2:6: y › 1 › p');
    expect(file.locate(['y', 1, 'q'])).toBe('mirror.yml:6:8: y › 1 › q');
    expect(file.locate(['y', 1, 'r'])).toBe('mirror.yml:5:5: y › 1 › r');
  });

  it('allows any number of aliases, as long as the file stays small', () => {
    const text = `x: &a {p: [1, 2, 3]}\nlist:\n${'  - <<: *a\n'.repeat(5000)}`;
    expect(plain(text)).toMatchObject({ list: { length: 5000 } });
  });

  it.each([
    ['a: *b', /mirror\.yml:1:4: there is no anchor &b before the alias \*b/],
    ['a: &b [*b]', /1:8: the alias \*b is inside its own anchor/],
    ['a: {<<: [1]}', /1:9: is not a map: "<<" merges maps/],
    ['? [a]\n: b', /is not a text, and can be no key/],
    [`${'['.repeat(30)}${']'.repeat(30)}`, /nested more than 20 levels deep/],
    [`a: ${'['.repeat(100_000)}`, /mirror\.yml/],
    [`x: ${'y'.repeat(1_000_000)}`, /more than 1000000 characters/],
  ])('refuses %#', (text, message) => {
    expect(problem(text)).toMatch(message);
  });

  it.each([
    ['aliases', (level: number) => `[${`*x${level}, `.repeat(10)}]`],
    ['merge keys', (level: number) => `{<<: [${`*x${level}, `.repeat(10)}]}`],
  ])('refuses %s that multiply, quickly', (_, levelOf) => {
    const levels = Array.from(
      { length: 15 },
      (_unused, level) => `x${level + 1}: &x${level + 1} ${levelOf(level)}`,
    );
    const started = performance.now();
    expect(problem(['x0: &x0 {a: b}', ...levels].join('\n'))).toMatch(/each alias replaced/);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('is quick with very many anchors', () => {
    const started = performance.now();
    problem(`[${'&a 1, *a, '.repeat(60_000)}]`);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
