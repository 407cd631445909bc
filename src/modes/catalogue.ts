import type { Inputs } from '../inputs/inputs.ts';
import type { Deps } from './deps.ts';
import { logCommits } from './run-log.ts';

/**
 * Brings the catalogue up to date after the record, if this job is the one to do it.
 *
 * @returns what could not be written, for people
 */
export async function updateCatalogue(inputs: Inputs, deps: Deps): Promise<readonly string[]> {
  const { mode, recordWay, shard, dryRun, metadata } = inputs;
  const { catalogue: folder, manifestPath, commitMessage } = metadata;
  if (folder === undefined || dryRun) return [];
  // Loaded only where it is used: with all the forms of client configuration it has 40 kB.
  const { reasonToLeave, writeCatalogue } = await import('../catalogue/write.ts');
  const reason = reasonToLeave({ ...deps, mode, recordWay, shards: shard.total });
  if (reason !== undefined) {
    deps.logger.info(`The catalogue was not updated: ${reason}.`);
    return [];
  }
  return deps.phase('Catalogue', async () => {
    const before = deps.commits?.length ?? 0;
    const errors = await writeCatalogue({ folder, manifestPath, commitMessage }, deps);
    logCommits((deps.commits ?? []).slice(before), deps);
    return errors;
  });
}
