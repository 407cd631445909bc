import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as core from '@actions/core';
import type { Runner } from '../modes/deps.ts';
import { tempFolder } from './environment.ts';

const ANNOTATE = { error: core.error, warning: core.warning, notice: core.notice } as const;

/** GitHub's runner, through @actions/core. */
export const runner: Runner = {
  annotate: ({ level, message }) => ANNOTATE[level](message),
  setOutput: (name, value) => core.setOutput(name, value),
  writeSummary: async (markdown) => {
    // Runners of old GitHub Enterprise Servers have none.
    if (process.env['GITHUB_STEP_SUMMARY']) await core.summary.addRaw(markdown).write();
    else
      core.info(
        'This runner shows no job summary. The JSON report, named in the output "report", has all of it.',
      );
  },
  writeReport: async (json) => {
    const path = join(tempFolder(), `sync-action-report-${randomUUID()}.json`);
    try {
      await writeFile(path, json);
    } catch (error) {
      // A part of the report would look like a broken one.
      await rm(path, { force: true });
      throw error;
    }
    return path;
  },
};
