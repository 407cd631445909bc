import { getExecOutput } from '@actions/exec';
import { describe, expect, it } from 'vitest';
import { tolerateUnreadInput } from '../../src/child-processes.ts';

describe('tolerateUnreadInput', () => {
  it('lets a program end that does not read what it is given', async () => {
    tolerateUnreadInput();
    // More than a pipe holds: a credential helper that fails early ends as this does.
    const input = Buffer.alloc(10_000_000, 'x');
    const ended = await getExecOutput('sh', ['-c', 'echo answer; exit 3'], {
      input,
      silent: true,
      ignoreReturnCode: true,
    });
    expect(ended).toMatchObject({ exitCode: 3, stdout: 'answer\n' });
  });
});
