import { describe, expect, it } from 'vitest';
import { exec } from '../../../src/action/exec.ts';
import { captureStdout } from '../../support/run/stdout.ts';

const env = { PATH: process.env['PATH'] ?? '' };

describe('exec', () => {
  it('returns output and exit code, and prints nothing', async () => {
    let result: unknown;
    const log = await captureStdout(async () => {
      result = await exec('sh', ['-c', 'echo out; echo err >&2; exit 3'], { env });
    });
    expect(result).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
    expect(log).toBe('');
  });

  it('passes secrets on standard input, and arguments without a shell', async () => {
    const { stdout } = await exec('sh', ['-c', 'cat; echo "$1"', 'sh', '$(id)'], { env, input: 's3cret' });
    expect(stdout).toBe('s3cret$(id)\n');
  });

  it('throws when the program is missing', async () => {
    await expect(exec('sync-action-has-no-such-program', [], { env })).rejects.toThrow(/Unable to locate/);
  });
});
