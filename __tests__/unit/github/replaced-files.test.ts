import { describe, expect, it } from 'vitest';
import { ReplacedFiles } from '../../../src/github/replaced-files.ts';

describe('ReplacedFiles', () => {
  it('knows what a file was before each write, and where no file was', () => {
    const files = new ReplacedFiles();
    files.note('a', undefined, '1');
    files.note('a', '1', '2');
    const outdated = [undefined, '1', '2', '3'].map((sha) => files.mayBeOutdated('a', sha));
    expect(outdated).toEqual([true, true, false, false]);
    expect(files.mayBeOutdated('b', undefined)).toBe(false);
  });

  it('takes content that was written again for the newest', () => {
    const files = new ReplacedFiles();
    files.note('a', '1', '2');
    files.note('a', '2', '1');
    expect(['1', '2'].map((sha) => files.mayBeOutdated('a', sha))).toEqual([false, true]);
  });
});
