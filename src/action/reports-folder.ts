import { readFile, readdir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { ReportFile } from '../mirror/report-file.ts';

/** A matrix has at most 256 jobs; a workflow may have several. */
const MAX_REPORTS = 2000;
/** A report of 130,000 tags has about 30 MB. */
const MAX_REPORT_BYTES = 100_000_000;

/**
 * Reads all `.json` files in `folder` of the workspace, and in the folders below it. Links are not followed.
 *
 * @throws Error with the remedy
 */
export async function readReports(folder: string): Promise<ReportFile[]> {
  const root = resolve(process.env['GITHUB_WORKSPACE'] ?? '.', folder);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw new Error(
      `The folder ${folder} of the input "reports" can't be read: does download-artifact use it?`,
      {
        cause: error,
      },
    );
  });
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  if (paths.length > MAX_REPORTS)
    throw new Error(
      `The folder ${folder} has ${paths.length} reports, more than ${MAX_REPORTS}: name one with this run's only`,
    );
  const files: ReportFile[] = [];
  for (const path of paths) {
    const name = relative(root, path);
    const { size } = await stat(path);
    if (size > MAX_REPORT_BYTES)
      throw new Error(
        `The report ${name} has ${size} bytes, more than a report may have (${MAX_REPORT_BYTES})`,
      );
    files.push({ name, text: await readFile(path, 'utf8') });
  }
  return files;
}
