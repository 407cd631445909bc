import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readReports } from '../../../src/action/reports-folder.ts';

let workspace: string;
beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'reports-'));
  vi.stubEnv('GITHUB_WORKSPACE', workspace);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(workspace, { recursive: true });
});

async function write(path: string, text: string): Promise<string> {
  const file = join(workspace, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

describe('readReports', () => {
  it('reads the JSON files of the folder and of those below it, in order', async () => {
    await write('reports/job-b/report.json', '{"b":1}');
    await write('reports/job-a/deep/report.json', '{"a":1}');
    await write('reports/c.json', '{"c":1}');
    await write('reports/job-a/log.txt', 'no report');
    await write('other.json', '{}');
    expect(await readReports('reports')).toEqual([
      { name: 'c.json', text: '{"c":1}' },
      { name: join('job-a', 'deep', 'report.json'), text: '{"a":1}' },
      { name: join('job-b', 'report.json'), text: '{"b":1}' },
    ]);
  });

  it('follows no links, and reads no folder that is named like a report', async () => {
    await write('secret/file.json', '{"secret":1}');
    await mkdir(join(workspace, 'reports', 'folder.json'), { recursive: true });
    await symlink(join(workspace, 'secret', 'file.json'), join(workspace, 'reports', 'link.json'));
    await symlink(join(workspace, 'secret'), join(workspace, 'reports', 'folder'));
    expect(await readReports('reports')).toEqual([]);
  });

  it.each(['none', 'a-file'])('names the input for a folder that is missing or none: %s', async (folder) => {
    await write('a-file', '');
    await expect(readReports(folder)).rejects.toThrow(
      `The folder ${folder} of the input "reports" can't be read: does download-artifact use it?`,
    );
  });

  it('names a report that is too large, without reading it', async () => {
    await truncate(await write('reports/job/report.json', ''), 100_000_001);
    await expect(readReports('reports')).rejects.toThrow(
      `The report ${join('job', 'report.json')} has 100000001 bytes`,
    );
  });

  it('refuses a folder with the reports of many runs', async () => {
    await mkdir(join(workspace, 'reports'));
    for (let index = 0; index <= 2000; index += 1)
      await writeFile(join(workspace, 'reports', `${index}.json`), '');
    await expect(readReports('reports')).rejects.toThrow(
      'The folder reports has 2001 reports, more than 2000',
    );
  });
});
