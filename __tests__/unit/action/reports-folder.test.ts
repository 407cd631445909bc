import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readReports } from '../../../src/action/reports-folder.ts';

let workspace: string;
beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
  vi.stubEnv('GITHUB_WORKSPACE', workspace);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(workspace, { recursive: true });
});

describe('readReports', () => {
  it('reads the JSON files of all folders in the order of their names, and follows no link', async () => {
    await mkdir(join(workspace, 'reports', 'job-1'), { recursive: true });
    await writeFile(join(workspace, 'secret.json'), 'secret');
    await writeFile(join(workspace, 'reports', 'z.json'), 'last');
    await writeFile(join(workspace, 'reports', 'job-1', 'report.json'), 'first');
    await writeFile(join(workspace, 'reports', 'notes.txt'), 'no report');
    await symlink(join(workspace, 'secret.json'), join(workspace, 'reports', 'link.json'));
    expect(await readReports('reports')).toEqual([
      { name: join('job-1', 'report.json'), text: 'first' },
      { name: 'z.json', text: 'last' },
    ]);
  });

  it('names the input where there is no such folder', async () => {
    await expect(readReports('missing')).rejects.toThrow(
      /The folder missing of the input "reports" can't be read/,
    );
  });
});
