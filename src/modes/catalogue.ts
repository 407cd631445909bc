import { writeCatalogue } from '../catalogue/write.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { Deps } from './deps.ts';
import { logCommits } from './run-log.ts';

/** With less time than this, the catalogue is left to the next run. */
const LITTLE_TIME_MS = 60_000;

/**
 * Brings the catalogue up to date after the record, if this job is the one to do it.
 *
 * @returns what could not be written, for people
 */
export async function updateCatalogue(inputs: Inputs, deps: Deps): Promise<readonly string[]> {
  const { metadata, dryRun } = inputs;
  const { catalogue: folder, manifestPath, commitMessage } = metadata;
  if (folder === undefined || dryRun) return [];
  const reason = reasonToLeave(inputs, deps);
  if (reason !== undefined) {
    deps.logger.info(`The catalogue was not updated: ${reason}.`);
    return [];
  }
  return deps.phase('Catalogue', async () => {
    const settings = { folder, manifestPath, ...(commitMessage !== undefined && { commitMessage }) };
    const before = deps.commits?.length ?? 0;
    const errors = await writeCatalogue(settings, deps);
    logCommits((deps.commits ?? []).slice(before), deps);
    return errors;
  });
}

/** Why another job or run does it. One of many jobs sees the others' work only in part, and each would write all files. */
function reasonToLeave(
  { mode, recordWay, shard }: Inputs,
  { jobs, lifetime }: Pick<Deps, 'jobs' | 'lifetime'>,
): string | undefined {
  const isOneOfMany = jobs > 1 || shard.total > 1 || recordWay === 'report';
  if (mode !== 'record' && isOneOfMany)
    return 'this is one of several jobs, and a job with "mode: record" after them updates it';
  if (
    lifetime.abort.aborted &&
    (lifetime.stopReason() === 'cancelled' || lifetime.timeLeftMs() < LITTLE_TIME_MS)
  )
    return 'the run had no time left for it, and the next one does it';
  return undefined;
}
