import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runner } from '../../../src/action/runner.ts';
import { captureStdout } from '../../support/run/stdout.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runner-unit-'));
  vi.stubEnv('RUNNER_TEMP', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

describe('runner', () => {
  it.each(['error', 'warning', 'notice'] as const)('annotates with %s', async (level) => {
    const log = await captureStdout(() => runner.annotate({ level, message: 'two\nlines' }));
    expect(log).toBe(`::${level}::two%0Alines\n`);
  });

  it('writes outputs into the file of the runner', async () => {
    const file = join(folder, 'output');
    await writeFile(file, '');
    vi.stubEnv('GITHUB_OUTPUT', file);
    runner.setOutput('added', '3');
    expect(await readFile(file, 'utf8')).toMatch(/^added<<(\S+)\n3\n\1\n$/);
  });

  it('writes each report to a file of its own in the temporary folder', async () => {
    const paths = [await runner.writeReport('{"a": 1}'), await runner.writeReport('{"b": 2}')];
    expect(new Set(paths).size).toBe(2);
    expect(paths.map((path) => dirname(path))).toEqual([folder, folder]);
    expect(await readFile(paths[1] ?? '', 'utf8')).toBe('{"b": 2}');
  });

  it('fails when the folder for reports is missing', async () => {
    vi.stubEnv('RUNNER_TEMP', join(folder, 'missing'));
    await expect(runner.writeReport('{}')).rejects.toThrow(/ENOENT/);
  });

  it('says so where there are no job summaries', async () => {
    vi.stubEnv('GITHUB_STEP_SUMMARY', '');
    const log = await captureStdout(async () => runner.writeSummary('# Title'));
    expect(log).toMatch(/^This runner shows no job summary\. The JSON report/);
  });
});
