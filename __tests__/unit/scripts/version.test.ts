import { describe, expect, it } from 'vitest';
import { type Version, isLatest, movingTags, parseTag } from '../../../scripts/release/version.ts';

function version(tag: string): Version {
  const parsed = parseTag(tag);
  if (parsed === undefined) throw new Error(`${tag} is no version`);
  return parsed;
}

describe('parseTag', () => {
  it('reads full versions', () => {
    expect(parseTag('v1.20.3')).toEqual({ tag: 'v1.20.3', text: '1.20.3', major: 1, minor: 20, patch: 3 });
    expect(parseTag('v2.0.0-rc.1')).toMatchObject({ major: 2, prerelease: 'rc.1' });
  });

  it.each(['v1', 'v1.2', '1.2.3', 'v01.2.3', 'v1.2.3.4', 'v1.2.3-', 'v1.2.3-a..b', 'v1.2.3\n', 'nightly'])(
    'refuses %j',
    (tag) => {
      expect(parseTag(tag)).toBeUndefined();
    },
  );
});

describe('movingTags', () => {
  it.each([
    ['v1.0.0', [], ['v1.0', 'v1']],
    ['v1.2.3', ['v1.2.2', 'v1', 'v1.2', 'v1.2.3'], ['v1.2', 'v1']],
    // A fix of an old minor version leaves v1 where it is, a late fix both.
    ['v1.1.5', ['v1.1.4', 'v1.2.0'], ['v1.1']],
    ['v1.2.3', ['v1.2.10'], []],
    // Another major version's tags don't count, nor do prereleases.
    ['v1.9.0', ['v2.0.0'], ['v1.9', 'v1']],
    ['v1.2.3', ['v1.3.0-rc.1'], ['v1.2', 'v1']],
    ['v1.3.0-rc.1', ['v1.2.3'], []],
  ])('of %s beside %j are %j', (tag, tags, expected) => {
    expect(movingTags(version(tag), tags)).toEqual(expected);
  });
});

describe('isLatest', () => {
  it.each([
    ['v1.2.3', ['v1.2.2', 'v1'], true],
    ['v1.2.3', ['v2.0.0'], false],
    ['v1.10.0', ['v1.9.0'], true],
    ['v2.0.0-rc.1', ['v1.2.3'], false],
  ])('of %s beside %j is %s', (tag, tags, expected) => {
    expect(isLatest(version(tag), tags)).toBe(expected);
  });
});
