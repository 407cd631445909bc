import type { Inputs } from '../inputs/inputs.ts';
import { formatBytes, plural } from '../mirror/format.ts';
import { planMatrix } from '../plan/matrix.ts';
import { plansOf } from '../plan/namespace-plan.ts';
import { workOf } from '../plan/namespace-work.ts';
import { describeResult, dryRunResult } from '../report/result-of.ts';
import type { RunResult } from '../report/result.ts';
import { dayOf } from '../select/recheck.ts';
import type { Deps } from './deps.ts';
import { prepare } from './prepare.ts';

/** Reports what a sync would copy, and spreads it over jobs. Tags with an unknown digest are left to the jobs, which look them up. */
export async function plan(inputs: Inputs, deps: Deps): Promise<RunResult> {
  const started = deps.now();
  const { plans, warnings } = await prepare(inputs, deps);
  return deps.phase('Plan', async () => {
    const namespaces = plans.map((one) => dryRunResult(one, inputs.engine));
    for (const result of namespaces) deps.logger.info(describeResult(result));
    const works = plansOf(plans).map((one) => workOf(one.settings.namespace, one));
    const matrix = planMatrix(works, {
      maxEntries: inputs.maxShards,
      filters: inputs,
      day: inputs.recheckDay ?? dayOf(started),
    });
    deps.logger.info(`The matrix has ${plural(matrix.include.length, 'job')}.`);
    for (const { namespace, part, tags, bytes } of matrix.include) {
      deps.logger.info(
        `${namespace.replaceAll('\n', ', ')} ${part}: ${plural(tags, 'tag')}, ${formatBytes(bytes)}`,
      );
    }
    const finished = deps.now();
    return { mode: 'plan', dryRun: true, started, finished, namespaces, errors: [], warnings, matrix };
  });
}
