import { describe, expect, it } from 'vitest';
import { gitBlobSha } from '../../../src/github/git-blob-sha.ts';

describe('gitBlobSha', () => {
  it('is what "git hash-object" prints', () => {
    expect(gitBlobSha(Buffer.from(''))).toBe('e69de29bb2d1d6434b8b29ae775ad8c2e48c5391');
    expect(gitBlobSha(Buffer.from('hello\n'))).toBe('ce013625030ba8dba906f756967f9e9ca394464a');
  });
});
