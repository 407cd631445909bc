import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Patterns, namedImages, narrowPatterns, patternProblem } from '../../../src/mirror/patterns.ts';

describe('Patterns', () => {
  const TAGS = ['base:v1', 'base:debug', 'base:v1-debug', 'java/debian:v1', 'java/debian:dot', 'java/a/b:v1'];

  it.each([
    [['base'], 3],
    [['java/*'], 2],
    [['java/**'], 3],
    [['*:v1'], 1],
    [['**:v1'], 3],
    [['{base,java/debian}:v*'], 3],
    [['**:*debug*'], 2],
    [['base:debug', 'nothing'], 1],
    [[], 0],
  ])('%j match %d tags', (texts, count) => {
    const patterns = new Patterns(texts);
    const matched = TAGS.filter((name) => {
      const [image = '', tag = ''] = name.split(':');
      return patterns.matches(image, tag);
    });
    expect(matched).toHaveLength(count);
  });

  it('knows which patterns matched nothing, also where several match the same tag', () => {
    const patterns = new Patterns(['base', 'base:debug', '**:v9', 'java']);
    for (const name of TAGS) {
      const [image = '', tag = ''] = name.split(':');
      patterns.matches(image, tag);
    }
    expect(patterns.unused()).toEqual(['**:v9', 'java']);
  });
});

describe('patternProblem', () => {
  it.each([
    'a',
    'a/b',
    '**',
    'a:v1',
    '**:latest',
    'a{b,c}/*:[vV]*',
    'a:*-SNAPSHOT',
    'a_b.c-d',
    'a(b|c)',
    '?',
  ])('accepts %s', (pattern) => {
    expect(patternProblem(pattern)).toBeUndefined();
  });

  it.each([
    ['', 'is empty'],
    [' ', 'is empty'],
    [':v1', 'no image before'],
    ['a:', 'no tag after'],
    ['Tools/a', 'lower case'],
    ['/a', 'starts nor ends with "/"'],
    ['a/', 'starts nor ends with "/"'],
    ['!a', 'no image or tag has "!"'],
    ['a@sha256:0123', 'no image or tag has "@"'],
    ['gcr.io:5000/a:v1', 'no image or tag has ":"'],
    ['a:b/c', 'no image or tag has "/"'],
    ['a b', 'no image or tag has " "'],
  ])('rejects %j', (pattern, problem) => {
    expect(patternProblem(pattern)).toContain(problem);
  });
});

describe('namedImages', () => {
  it.each([
    [
      ['a', 'b/c:v*', 'a:latest'],
      ['a', 'b/c'],
    ],
    [['a', 'b*'], undefined],
    [['**:latest'], undefined],
    [[], undefined],
  ])('of %j are %j', (include, images) => {
    expect(namedImages(include)).toEqual(images);
  });
});

describe('narrowPatterns', () => {
  it.each([
    ['no filter', [], 'a', ['a']],
    ['a pattern about images', ['a*', 'b'], 'ab', ['ab']],
    ['patterns about tags', ['a*:v*', '**:latest', 'b:x'], 'ab', ['ab:v*', 'ab:latest']],
    ['both', ['a*:v*', 'ab'], 'ab', ['ab']],
  ])('says what %s says of one image', (_, include, image, patterns) => {
    expect(narrowPatterns(include, image)).toEqual(patterns);
  });

  it('matches the same tags, and no other image', () => {
    const parts = fc.constantFrom('a', 'b', 'a.b', '*', '**', 'a*', '{a,b}', 'a/**');
    const patterns = fc.array(
      fc.oneof(
        parts,
        fc.tuple(parts, parts).map(([image, tag]) => `${image}:${tag}`),
      ),
      { minLength: 1, maxLength: 4 },
    );
    const image = fc.constantFrom('a', 'b', 'a.b', 'axb', 'a/b', 'ab');
    fc.assert(
      fc.property(patterns, image, image, fc.constantFrom('a', 'b', 'ab'), (include, one, other, tag) => {
        const narrowed = new Patterns(narrowPatterns(include, one));
        expect(narrowed.matches(one, tag)).toBe(new Patterns(include).matches(one, tag));
        expect(other !== one && narrowed.matches(other, tag)).toBe(false);
      }),
    );
  });
});
