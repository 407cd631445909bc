import type { Inputs } from '../inputs/inputs.ts';
import { formatCount } from '../mirror/format.ts';
import { type StopReason, describeStop } from '../mirror/lifetime.ts';
import { type NamespaceResult, countAll } from '../mirror/result.ts';
import { resultOf } from '../report/result-of.ts';
import type { RunResult } from '../report/result.ts';
import type { Deps } from './deps.ts';
import { prepare } from './prepare.ts';

/**
 * Reports how much is mirrored and how much is pending, `monitor-count` times, or until the run ends. It only reads. The last look is
 * the result.
 */
export async function monitor(inputs: Inputs, deps: Deps): Promise<RunResult> {
  const { count, interval } = inputs.monitor;
  const started = deps.now();
  for (let look = 1; ; look += 1) {
    const { plans, warnings } = await prepare(inputs, deps);
    const namespaces = plans.map((plan) => resultOf(plan));
    const time = deps.now();
    for (const result of namespaces)
      deps.logger.info(`${time.toISOString()} ${result.namespace}: ${describeProgress(result)}`);
    const result = { mode: 'monitor', dryRun: true, started, namespaces, errors: [], warnings } as const;
    if (look === count) return { ...result, finished: deps.now() };
    await deps.sleep(interval, deps.lifetime.drain).catch(() => undefined);
    const stopReason = deps.lifetime.stopReason();
    if (stopReason !== undefined)
      return { ...result, finished: deps.now(), stopped: [explainStop(stopReason, look, count)] };
  }
}

function explainStop(stopReason: StopReason, looks: number, count: number): string {
  return `${describeStop(stopReason)} after ${looks} of ${count} looks`;
}

/** `40 of 43 tags mirrored, 3 pending` */
function describeProgress(result: NamespaceResult): string {
  const { unchanged, pending, failed } = countAll([result]);
  const failures = failed > 0 ? `, ${formatCount(failed)} failed` : '';
  const total = formatCount(unchanged + pending);
  return `${formatCount(unchanged)} of ${total} tags mirrored, ${formatCount(pending)} pending${failures}`;
}
