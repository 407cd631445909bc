import { type Counts, type NamespaceResult, countAll } from '../mirror/result.ts';
import { isChanged, isComplete } from './outputs.ts';
import type { ReportedRecord, RunResult, Unrecorded } from './result.ts';

/** The file that the output `report` names. */
export interface JsonReport {
  readonly version: 1;
  readonly mode: RunResult['mode'];
  readonly dryRun: boolean;
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly finished: string;
  readonly complete: boolean;
  readonly changed: boolean;
  readonly counts: Counts;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly stopped: readonly string[];
  readonly unrecorded: readonly Unrecorded[];
  readonly records: readonly ReportedRecord[];
  readonly namespaces: readonly NamespaceResult[];
}

/** The JSON report of a run, for other programs. */
export function renderJsonReport(result: RunResult): string {
  const {
    mode,
    dryRun,
    started,
    finished,
    errors,
    warnings,
    stopped = [],
    unrecorded = [],
    records = [],
    namespaces,
  } = result;
  const report: JsonReport = {
    version: 1,
    mode,
    dryRun,
    started: started.toISOString(),
    finished: finished.toISOString(),
    complete: isComplete(result),
    changed: isChanged(result),
    counts: countAll(namespaces),
    errors,
    warnings,
    stopped,
    unrecorded,
    records,
    namespaces,
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
