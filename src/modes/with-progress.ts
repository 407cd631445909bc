import { WorkCounter } from '../oci/work-counter.ts';
import { StepProgress } from '../report/progress.ts';
import { type LogDeps, runLogOf } from './run-log.ts';

/**
 * Runs work on `total` namespaces, and logs every ten seconds how far it is.
 *
 * @param verb what is done to a namespace: `listed`
 * @param work receives a function to call for each namespace that is done
 */
export async function withProgress<T>(
  verb: string,
  total: number,
  deps: LogDeps,
  work: (done: () => void) => Promise<T>,
): Promise<T> {
  const log = runLogOf(deps);
  const counter = new WorkCounter();
  const progress = new StepProgress({
    verb,
    total,
    requests: () => counter.requests,
    log: (line) => log.info(line),
  });
  try {
    return await counter.run(async () => work(() => progress.done()));
  } finally {
    progress.stop();
  }
}
