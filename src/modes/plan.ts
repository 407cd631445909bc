import { WriteSession } from '../github/write-session.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { formatBytes, plural } from '../mirror/format.ts';
import type { MatrixEntry } from '../mirror/matrix.ts';
import { messageOf } from '../oci/errors.ts';
import { type JobCountOptions, jobCount } from '../plan/job-count.ts';
import { planMatrix } from '../plan/matrix.ts';
import { type NamespacePlan, plansOf } from '../plan/namespace-plan.ts';
import { worksOf } from '../plan/namespace-work.ts';
import { updateManifest } from '../record/manifest-update.ts';
import { announce } from '../record/write-ahead.ts';
import { dryRunResult } from '../report/result-of.ts';
import type { RunResult } from '../report/result.ts';
import type { Deps } from './deps.ts';
import { prepare } from './prepare.ts';
import { runLogOf } from './run-log.ts';

/** Reports what a sync would copy, and spreads it over jobs. Tags with an unknown digest are left to the jobs, which look them up. */
export async function plan(inputs: Inputs, deps: Deps): Promise<RunResult> {
  const started = deps.now();
  const { plans, warnings, turn } = await prepare(inputs, deps);
  return deps.phase('Plan', async () => {
    const namespaces = plans.map((one) => dryRunResult(one, inputs.engine));
    runLogOf(deps).plannedAll(namespaces);
    const works = worksOf(plansOf(plans));
    const matrix = planMatrix(works, {
      maxEntries: Math.min(inputs.maxShards, jobCount(works, jobOptions(inputs))),
      filters: inputs,
      turn,
      ...targetsOf(inputs),
    });
    deps.logger.info(`The matrix has ${plural(matrix.include.length, 'job')}.`);
    for (const entry of matrix.include) {
      const { part, tags, bytes } = entry;
      deps.logger.info(`${nameOf(entry)} ${part}: ${plural(tags, 'tag')}, ${formatBytes(bytes)}`);
    }
    const errors = await announceMoves(plansOf(plans), inputs, deps);
    const finished = deps.now();
    return { mode: 'plan', dryRun: true, started, finished, namespaces, errors, warnings, matrix };
  });
}

function jobOptions({ jobTime, engine, namespaces }: Inputs): JobCountOptions {
  return { jobTime, engine, targets: namespaces.map(({ target }) => target) };
}

/** The targets of the inputs, if there are several. A job is told all of them, so that its records have the same paths. */
function targetsOf({ targets }: Inputs): { targets: string } | undefined {
  return targets.length > 1 ? { targets: targets.join('\n') } : undefined;
}

function nameOf({ namespace, list }: Pick<MatrixEntry, 'namespace' | 'list'>): string {
  const namespaces = namespace === '' ? [] : namespace.split('\n');
  const references = list === undefined ? [] : [plural(list.split('\n').length, 'reference')];
  return [...namespaces, ...references].join(', ');
}

/**
 * For jobs that record nothing themselves: announces all tags that they will move, one commit per namespace.
 *
 * @returns what could not be announced, whose tags the jobs leave as they are
 */
async function announceMoves(
  plans: readonly NamespacePlan[],
  { recordWay, dryRun, metadata }: Inputs,
  deps: Deps,
): Promise<string[]> {
  if (recordWay === 'direct' || dryRun) return [];
  const errors: string[] = [];
  const session = new WriteSession('announcement');
  const isLogged = metadata.changelogPath !== undefined;
  for (const plan of plans) {
    if (!plan.work.some(({ updated }) => updated.length > 0)) continue;
    try {
      await announce(plan, { isLogged }, async (message, change) =>
        updateManifest(plan, message, change, metadata, deps, session),
      );
    } catch (error) {
      errors.push(`${plan.name}: the tags that move could not be announced. ${messageOf(error)}`);
    }
  }
  return errors;
}
