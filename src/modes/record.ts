import type { Inputs } from '../inputs/inputs.ts';
import { plural } from '../mirror/format.ts';
import { messageOf } from '../oci/errors.ts';
import { record as recordAll } from '../record/record.ts';
import { type JobReport, mergeReports, readReport } from '../record/reports.ts';
import { describeResult } from '../report/result-of.ts';
import type { RunResult } from '../report/result.ts';
import { updateCatalogue } from './catalogue.ts';
import type { Deps } from './deps.ts';

/** Records what the jobs with `record: report` did, from their reports, in one section of the changelog per namespace. */
export async function record(inputs: Inputs, deps: Deps): Promise<RunResult> {
  const started = deps.now();
  const { reports, errors } = await deps.phase('Read the reports', async () => readAll(inputs, deps));
  const recordables = mergeReports(reports);
  for (const { result } of recordables) deps.logger.info(describeResult(result));
  const recorded = inputs.dryRun
    ? { errors: [], unrecorded: [] }
    : await deps.phase('Record', async () => recordAll(recordables, inputs.metadata, deps));
  const catalogueErrors = await updateCatalogue(inputs, deps);
  return {
    mode: 'record',
    dryRun: inputs.dryRun,
    started,
    finished: deps.now(),
    namespaces: recordables.map(({ result }) => result),
    errors: [...errors, ...recorded.errors, ...catalogueErrors],
    warnings: [],
    unrecorded: recorded.unrecorded,
  };
}

/** A report that can't be used stops no other. */
async function readAll(
  { reports: folder, metadata }: Inputs,
  { readReports, logger }: Deps,
): Promise<{ readonly reports: readonly JobReport[]; readonly errors: readonly string[] }> {
  if (folder === '') return { reports: [], errors: [] };
  const files = await readReports(folder);
  const reports: JobReport[] = [];
  const errors: string[] = [];
  for (const file of files) {
    try {
      reports.push(readReport(file, metadata.manifestPath));
    } catch (error) {
      errors.push(messageOf(error));
    }
  }
  logger.info(`${plural(reports.length, 'report')} read.`);
  if (files.length === 0)
    errors.push(`The folder ${folder} has no reports: download the artifacts of the jobs into it first`);
  return { reports, errors };
}
