import type { Commit } from '../mirror/result.ts';
import type { Logger } from '../oci/logger.ts';
import { RunLog } from '../report/log.ts';

export interface LogDeps {
  readonly logger: Logger;
  /** True if the log shows ANSI colours. Default: false */
  readonly hasColors?: boolean;
}

/** Logs the commits of a run, or that there was nothing to record. */
export function logCommits(commits: readonly Commit[], deps: LogDeps): void {
  const log = runLogOf(deps);
  for (const commit of commits) log.committed(commit);
  if (commits.length === 0) log.info('Nothing was recorded.');
}

/** The log of a run, as people read it. */
export function runLogOf({ logger, hasColors = false }: LogDeps): RunLog {
  return new RunLog({ logger, hasColors });
}
