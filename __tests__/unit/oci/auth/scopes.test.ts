import { describe, expect, it } from 'vitest';
import { coversScopes, otherScopes, splitScopes } from '../../../../src/oci/auth/scopes.ts';

describe('splitScopes', () => {
  it.each([
    ['repository:a/b:pull', ['repository:a/b:pull']],
    ['repository:a:pull,push  repository:b:pull', ['repository:a:pull,push', 'repository:b:pull']],
    ['repository(plugin):a:pull', ['repository(plugin):a:pull']],
    ['repository:host:5000/a:pull', ['repository:host:5000/a:pull']],
    ['aws', []],
    ['*', []],
    ['', []],
  ])('reads %j', (scope, expected) => {
    expect(splitScopes(scope)).toEqual(expected);
  });
});

describe('coversScopes', () => {
  it.each([
    [['repository:a:pull,push'], ['repository:a:push,pull'], true],
    [['repository:a:pull,push', 'repository:b:pull'], ['repository:b:pull', 'repository:a:pull'], true],
    [['repository:a:pull'], ['repository:a:pull,push'], false],
    [['repository:a:pull'], ['repository:b:pull'], false],
    [['repository:a:pull'], [], true],
  ])('of %j for %j: %s', (scopes, wanted, covered) => {
    expect(coversScopes(scopes, wanted)).toBe(covered);
  });
});

describe('otherScopes', () => {
  it('are those of the challenge before ours, and then those of the challenge alone', () => {
    expect(otherScopes(['repository:a:pull'], ['repository:b:pull'])).toEqual([
      ['repository:b:pull', 'repository:a:pull'],
      ['repository:b:pull'],
    ]);
  });

  it('are none when the challenge names nothing else, or the request is not about a repository', () => {
    expect(otherScopes(['repository:a:pull,push'], ['repository:a:push,pull'])).toEqual([]);
    expect(otherScopes(['registry:catalog:*'], ['repository:user/image:pull'])).toEqual([]);
  });
});
