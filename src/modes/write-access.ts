import type { Inputs } from '../inputs/inputs.ts';
import type { NamespacePlan, Planned } from '../plan/namespace-plan.ts';
import type { Deps } from './deps.ts';

/**
 * Checks whether the run can be recorded, before anything is copied. A run with nothing to record needs no write access.
 *
 * @throws MetadataError with the remedy
 */
export async function checkWriteAccess(
  plans: readonly Planned[],
  { mode, metadata: { changelogPath } }: Pick<Inputs, 'mode' | 'metadata'>,
  { writeAccess }: Pick<Deps, 'writeAccess'>,
): Promise<void> {
  const writing = plans
    .filter((plan) => 'work' in plan)
    .filter((plan) => mode === 'compare' || hasWork(plan));
  if (writing.length === 0) return;
  const paths = writing.map(({ recordPath }) => recordPath);
  await writeAccess.check(changelogPath === undefined ? paths : [...paths, changelogPath]);
}

function hasWork({ work, adopted, referrers }: NamespacePlan): boolean {
  return work.length > 0 || adopted.size > 0 || (referrers?.rechecks.length ?? 0) > 0;
}
