import { describe, expect, it } from 'vitest';
import { logCommits } from '../../../src/modes/run-log.ts';
import { testDeps } from '../../support/fixtures/deps.ts';

describe('logCommits', () => {
  it('names each commit, or says that there is none', () => {
    const [some, none] = [testDeps(), testDeps()];
    const url = 'https://github.com/octo/meta/commit/abc';
    logCommits([{ path: 'a.json', url }], some);
    expect(some.lines).toEqual([expect.stringMatching(/a\.json.*commit\/abc/)]);
    logCommits([], none);
    expect(none.lines).toEqual([expect.stringContaining('Nothing was recorded.')]);
  });
});
