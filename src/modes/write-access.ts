import type { Inputs } from '../inputs/inputs.ts';
import { type NamespacePlan, type Planned, plansOf } from '../plan/namespace-plan.ts';
import type { Deps } from './deps.ts';

/** The checks take several requests, and GitHub allows all jobs of a repository together 1,000 requests an hour. */
const MAX_CHECKING_JOBS = 40;

/**
 * Checks whether the run can be recorded, before anything is copied. A run that writes nothing needs no write access.
 *
 * @throws MetadataError with the remedy
 */
export async function checkWriteAccess(
  plans: readonly Planned[],
  { mode, recordWay, jobs, metadata: { changelogPath } }: Inputs,
  { writeAccess }: Pick<Deps, 'writeAccess'>,
): Promise<void> {
  if (recordWay === 'report' || jobs > MAX_CHECKING_JOBS) return;
  const writing = plansOf(plans).filter((plan) => mode === 'compare' || hasWork(plan));
  if (writing.length === 0) return;
  const paths = writing.map(({ recordPath }) => recordPath);
  await writeAccess.check(changelogPath === undefined ? paths : [...paths, changelogPath]);
}

function hasWork({ work, adopted, referrers }: NamespacePlan): boolean {
  return work.length > 0 || adopted.size > 0 || (referrers?.rechecks.length ?? 0) > 0;
}
