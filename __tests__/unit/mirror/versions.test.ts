import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRange, isFullVersion, newestVersionFirst, versionOf } from '../../../src/mirror/versions.ts';

describe('versionOf', () => {
  it.each([
    ['1.2.3', '1.2.3'],
    ['v1.2.3', '1.2.3'],
    ['1.20', '1.20.0'],
    ['v1', '1.0.0'],
    ['17', '17.0.0'],
    ['2021.06.04', '2021.6.4'],
    ['1.2.3-rc.1', '1.2.3-rc.1'],
    ['1.25-alpine', '1.25.0-alpine'],
    ['v1.30.0-alpha.0_12.abc', '1.30.0-alpha.0'],
    ['3.0.0-rc.01', '3.0.0-rc.1'],
    ['3.0.0-rc10', '3.0.0-rc.10'],
    ['1.25-alpine3.18', '1.25.0-alpine.3.18'],
  ])('of %s is %s', (tag, version) => {
    expect(versionOf(tag)?.version).toBe(version);
  });

  it.each([
    'latest',
    'nightly',
    'debug',
    'main-1.2.3',
    '1.2.3.4',
    'sha-0123abc',
    'v',
    '1.',
    '.1',
    '1..2',
    '',
    '20240101',
    '20240101.1',
    'v123456.0.0',
  ])('of %s is none', (tag) => {
    expect(versionOf(tag)).toBeUndefined();
  });

  it('returns a version unchanged', () => {
    fc.assert(
      fc.property(fc.nat(99_999), fc.nat(), fc.nat(), (...numbers) => {
        expect(versionOf(numbers.join('.'))?.version).toBe(numbers.join('.'));
        expect(isFullVersion(`v${numbers.join('.')}`)).toBe(true);
      }),
    );
  });
});

describe('compileRange', () => {
  const TAGS = ['latest', '1.19', 'v1.20.0', '1.20.5', '1.21.0-rc.1', 'v1.21', '2', '2.1.0-debug', 'nightly'];

  it.each([
    ['>=1.20', ['v1.20.0', '1.20.5', 'v1.21', '2']],
    ['>= 1.20 < 2', ['v1.20.0', '1.20.5', 'v1.21']],
    ['~1.20', ['v1.20.0', '1.20.5']],
    ['^1.20.1', ['1.20.5', 'v1.21']],
    ['1.19 || 2', ['1.19', '2']],
    ['1.x', ['1.19', 'v1.20.0', '1.20.5', 'v1.21']],
    ['v1.20.0 - v1.21', ['v1.20.0', '1.20.5', 'v1.21']],
    ['*', ['1.19', 'v1.20.0', '1.20.5', 'v1.21', '2']],
    // Who names a prerelease wants them, of any version.
    ['*-0', TAGS.filter((tag) => /\d/.test(tag))],
    ['>=1.20.5-0 <2-0', ['1.20.5', '1.21.0-rc.1', 'v1.21']],
    ['>=1.21.0-rc0 <=1.21.0', ['1.21.0-rc.1', 'v1.21']],
    ['>=1.21.0-rc2 <=1.21.0', ['v1.21']],
    ['>=1.20-0', ['v1.20.0', '1.20.5', '1.21.0-rc.1', 'v1.21', '2', '2.1.0-debug']],
  ])('%s takes %j', (range, tags) => {
    const inRange = compileRange(range);
    expect(TAGS.filter((tag) => inRange?.(tag))).toEqual(tags);
  });

  it.each(['newest', '>=', '>1.2.3.4', 'a || b'])('rejects %s as a range', (range) => {
    expect(compileRange(range)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (range, tag) => void compileRange(range)?.(tag)));
  });
});

describe('isFullVersion', () => {
  it.each([
    ['v1.2.3', true],
    ['1.2.3-rc.1', true],
    ['2021.06.04', true],
    ['v1', false],
    ['1.2', false],
    ['latest', false],
    ['nightly', false],
    ['debug', false],
    ['1.2-alpine', false],
    ['0.0.0-nightly', false],
    ['v1.2.3-SNAPSHOT', false],
    ['1.0.0-canary', false],
    ['1.0.0-dev', false],
    ['1.0.0-rc.1-main', false],
    ['1.0.0-latest', false],
    ['1.0.0-nightly.20240101', true],
    ['1.0.0-domain', true],
  ])('of %s is %s', (tag, isFull) => {
    expect(isFullVersion(tag)).toBe(isFull);
  });
});

describe('newestVersionFirst', () => {
  it('sorts versions by precedence, the more specific first, before tags that are not versions', () => {
    const sorted = ['2.10.0', '2.10', '2.9.9', 'v2.9.9-rc.1', '2.0', '2', '1.99.0', 'latest', 'debug'];
    expect(sorted.toReversed().toSorted(newestVersionFirst)).toEqual(sorted);
  });

  it.each([
    [['rc10', 'rc9', 'rc1']],
    [['v1.0.0-rc10', 'v1.0.0-rc9', 'v1.0.0-rc.1']],
    [['r10', 'r9', 'r1']],
    [['20240102', '20240101', '20231231']],
    [['v1.30.0', '1.2', '20240101']],
    [['release-2.10', 'release-2.9']],
  ])('sorts %j by its numbers', (sorted) => {
    expect(sorted.toReversed().toSorted(newestVersionFirst)).toEqual(sorted);
  });

  it('is a consistent order', () => {
    const tag = fc.stringMatching(/^v?[0-3](\.[0-3]){0,2}(-[a-b0-2]{1,2})?$|^[a-c]{1,2}\d{0,2}$/);
    const sign = (a: string, b: string): number => Math.sign(newestVersionFirst(a, b));
    fc.assert(
      fc.property(tag, tag, tag, (a, b, c) => {
        expect(sign(a, b) + sign(b, a)).toBe(0);
        expect(sign(a, b) === 0).toBe(a === b);
        expect(sign(a, b) <= 0 && sign(b, c) <= 0 && sign(a, c) > 0).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
