import { countAll, countDrift } from '../mirror/result.ts';
import type { RunResult } from './result.ts';

/** The action's outputs. */
export interface Outputs {
  readonly complete: string;
  readonly changed: string;
  readonly added: string;
  readonly updated: string;
  readonly unchanged: string;
  readonly failed: string;
  readonly pending: string;
  readonly gone: string;
  readonly bytes: string;
  readonly matrix: string;
  readonly report: string;
}

/** Outputs set before the work starts, so that a run that fails early claims nothing. */
export const SAFE_OUTPUTS: Outputs = {
  complete: 'false',
  changed: 'false',
  added: '0',
  updated: '0',
  unchanged: '0',
  failed: '0',
  pending: '0',
  gone: '0',
  bytes: '0',
  matrix: '{"include":[]}',
  report: '',
};

/**
 * The outputs of a finished run.
 *
 * @param report path of the run's JSON report
 */
export function outputsOf(result: RunResult, report: string): Outputs {
  const { added, updated, unchanged, failed, pending, gone, bytes } = countAll(result.namespaces);
  return {
    complete: String(isComplete(result)),
    changed: String(isChanged(result)),
    added: String(added),
    updated: String(updated),
    unchanged: String(unchanged),
    failed: String(failed),
    pending: String(pending),
    gone: String(gone),
    bytes: String(bytes),
    matrix: result.matrix ? JSON.stringify(result.matrix) : SAFE_OUTPUTS.matrix,
    report,
  };
}

/** True if nothing failed, nothing is left to the next run, and the target matches the record. */
export function isComplete({ namespaces, errors }: RunResult): boolean {
  const { failed, pending } = countAll(namespaces);
  return (
    failed === 0 &&
    pending === 0 &&
    errors.length === 0 &&
    namespaces.every((result) => countDrift(result) === 0 && result.referrersUnchecked === 0)
  );
}

/** True if the run changed the mirror or its record; in a dry run or plan, if it would. */
export function isChanged({ namespaces, matrix }: RunResult): boolean {
  if (matrix) return matrix.include.length > 0;
  return namespaces.some(
    ({ copied, adopted, referrers, drift }) =>
      copied.length > 0 || adopted > 0 || referrers > 0 || (drift?.removed ?? 0) > 0,
  );
}
