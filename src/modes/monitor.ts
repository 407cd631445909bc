import type { Inputs } from '../inputs/inputs.ts';
import { formatCount } from '../mirror/format.ts';
import { countAll } from '../mirror/result.ts';
import { resultOf } from '../report/result-of.ts';
import type { RunResult } from '../report/result.ts';
import type { Deps } from './deps.ts';
import { prepare } from './prepare.ts';

/** Tells how much is mirrored and how much is waiting, as often as asked, and reads only. The last look counts. */
export async function monitor(inputs: Inputs, deps: Deps): Promise<RunResult> {
  const { count, interval } = inputs.monitor;
  const started = deps.now();
  for (let look = 1; ; look += 1) {
    const { plans, warnings } = await prepare(inputs, deps);
    const namespaces = plans.map((plan) => resultOf(plan));
    for (const result of namespaces) {
      const { unchanged, pending, failed } = countAll([result]);
      const total = formatCount(unchanged + pending);
      const wrong = failed > 0 ? `, ${formatCount(failed)} failed` : '';
      deps.logger.info(
        `${deps.now().toISOString()} ${result.namespace}: ${formatCount(unchanged)} of ${total} tags mirrored, ` +
          `${formatCount(pending)} waiting${wrong}`,
      );
    }
    if (look === count) {
      return {
        mode: 'monitor',
        dryRun: true,
        started,
        finished: deps.now(),
        namespaces,
        errors: [],
        warnings,
      };
    }
    await deps.sleep(interval);
  }
}
