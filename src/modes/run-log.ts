import type { Logger } from '../oci/logger.ts';
import { RunLog } from '../report/log.ts';

export interface LogDeps {
  readonly logger: Logger;
  /** True if the log shows ANSI colours. Default: false */
  readonly hasColors?: boolean;
}

/** The log of a run, as people read it. */
export function runLogOf({ logger, hasColors = false }: LogDeps): RunLog {
  return new RunLog({ logger, hasColors });
}
