import type { Inputs } from '../inputs/inputs.ts';
import { formatCount } from '../mirror/format.ts';
import { type NamespaceResult, countAll } from '../mirror/result.ts';
import { resultOf } from '../report/result-of.ts';
import type { RunResult } from '../report/result.ts';
import type { Deps } from './deps.ts';
import { prepare } from './prepare.ts';

/** Reports how much is mirrored and how much is pending, `monitor-count` times. It only reads. The last look is the result. */
export async function monitor(inputs: Inputs, deps: Deps): Promise<RunResult> {
  const { count, interval } = inputs.monitor;
  const started = deps.now();
  for (let look = 1; ; look += 1) {
    const { plans, warnings } = await prepare(inputs, deps);
    const namespaces = plans.map((plan) => resultOf(plan));
    const time = deps.now();
    for (const result of namespaces)
      deps.logger.info(`${time.toISOString()} ${result.namespace}: ${describeProgress(result)}`);
    if (look === count) {
      const finished = deps.now();
      return { mode: 'monitor', dryRun: true, started, finished, namespaces, errors: [], warnings };
    }
    await deps.sleep(interval);
  }
}

/** `40 of 43 tags mirrored, 3 pending` */
function describeProgress(result: NamespaceResult): string {
  const { unchanged, pending, failed } = countAll([result]);
  const failures = failed > 0 ? `, ${formatCount(failed)} failed` : '';
  const total = formatCount(unchanged + pending);
  return `${formatCount(unchanged)} of ${total} tags mirrored, ${formatCount(pending)} pending${failures}`;
}
