import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checksumsOfCommit, checksumsOfFolder, describeDifferences } from '../../../scripts/dist/compare.ts';
import { withGitRepository } from '../../support/fixtures/git-repository.ts';

describe('checksums', () => {
  it('of a commit and of its checkout are the same', async () => {
    await withGitRepository(async ({ root, commit }) => {
      const sha = await commit({ 'dist/index.js': 'a\n', 'dist/inner/b.js': 'b\r\n', 'other.js': 'c' });
      const committed = checksumsOfCommit(root, sha, 'dist');
      expect(Array.from(committed.keys())).toEqual(['index.js', 'inner/b.js']);
      expect(describeDifferences(committed, checksumsOfFolder(join(root, 'dist')))).toEqual([]);
    });
  });

  it('name what differs, is new and is missing', async () => {
    await withGitRepository(async ({ root, commit, write, git }) => {
      const sha = await commit({ 'dist/a.js': 'a', 'dist/b.js': 'b' });
      git('rm', '--quiet', 'dist/b.js');
      await write({ 'dist/a.js': 'A', 'dist/c.js': 'c' });
      const found = checksumsOfFolder(join(root, 'dist'));
      expect(describeDifferences(checksumsOfCommit(root, sha, 'dist'), found)).toEqual([
        'a.js differs',
        'b.js is missing',
        'c.js is new',
      ]);
    });
  });
});
