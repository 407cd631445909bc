import type { Inputs } from '../inputs/inputs.ts';
import { plural } from '../mirror/format.ts';
import type { RecheckTurn } from '../mirror/recheck.ts';
import type { NamespaceResult } from '../mirror/result.ts';
import type { Planned } from '../plan/namespace-plan.ts';
import { adoptInPlans } from '../reconcile/adopt-plans.ts';
import { renderSectionText } from '../record/changelog.ts';
import type { Recorded } from '../record/record.ts';
import { Recorder, type RunRecorder } from '../record/recorder.ts';
import { ReportRecorder } from '../record/report-recorder.ts';
import { dryRunResult } from '../report/result-of.ts';
import type { RunResult } from '../report/result.ts';
import { answersTo } from './answers.ts';
import { updateCatalogue } from './catalogue.ts';
import { type Copied, copyAndCheckpoint, openEngineDuring } from './copying.ts';
import type { Deps } from './deps.ts';
import { prepare } from './prepare.ts';
import { logCommits, runLogOf } from './run-log.ts';
import { checkWriteAccess } from './write-access.ts';

/** Mirrors all namespaces and records what it did; a dry run reports what it would do. */
export async function sync(inputs: Inputs, deps: Deps): Promise<RunResult> {
  const started = deps.now();
  const { plans: prepared, warnings, turn } = await prepare(inputs, deps);
  const plans = await deps.phase('Plan', async () => {
    const adopted = await adoptInPlans(prepared, {
      registries: deps.registries,
      concurrency: inputs.queryConcurrency,
      signal: deps.lifetime.abort,
    });
    runLogOf(deps).plannedAll(adopted.map((plan) => dryRunResult(plan, inputs.engine)));
    return adopted;
  });
  const run = { mode: 'sync', dryRun: inputs.dryRun, started, warnings } as const;
  if (inputs.dryRun) {
    const finished = deps.now();
    const namespaces = plans.map((plan) => withSection(dryRunResult(plan, inputs.engine), finished, inputs));
    return { ...run, ...answered(inputs, plans, namespaces), finished, namespaces, errors: [] };
  }
  const engine = await openEngineDuring(async () => checkWriteAccess(plans, inputs, deps), plans, deps);
  const recorder =
    inputs.recordWay === 'direct'
      ? new Recorder(plans, inputs.metadata, deps)
      : new ReportRecorder(plans, inputs.metadata, deps.logger);
  const copied = await deps.phase('Copy', async () =>
    copyAndCheckpoint(plans, engine, recorder, inputs, deps),
  );
  const { errors, unrecorded, records = [] } = await recordAndClose(recorder, copied, deps);
  if (copied.errors.length === 0 && copied.stopped.length === 0) await keepDay(turn, deps);
  const catalogueErrors = await updateCatalogue(inputs, deps);
  const namespaces = recorder.results();
  for (const { namespace, referrers } of namespaces)
    if (referrers > 0) deps.logger.info(`${namespace}: ${plural(referrers, 'referrer')} copied`);
  return {
    ...run,
    ...answered(inputs, plans, namespaces),
    finished: deps.now(),
    namespaces,
    errors: [...copied.errors, ...errors, ...catalogueErrors],
    stopped: copied.stopped,
    warnings: [...warnings, ...copied.warnings],
    unrecorded,
    commits: deps.commits ?? [],
    records,
  };
}

function answered(
  { request, dryRun }: Inputs,
  plans: readonly Planned[],
  results: readonly NamespaceResult[],
): Pick<RunResult, 'answers'> {
  return request ? { answers: answersTo(request, plans, results, dryRun) } : {};
}

/** Keeps the day of a run that was not cut off: the next one rechecks the tags of the days after it. */
async function keepDay({ day, last }: RecheckTurn, { recheckDays, lifetime }: Deps): Promise<void> {
  if (last === 'unknown' || last === day || lifetime.stopReason() !== undefined) return;
  await recheckDays?.save(day);
}

/** Records before closing, as a cancelled run has little time. */
async function recordAndClose(recorder: RunRecorder, copied: Copied, deps: Deps): Promise<Recorded> {
  try {
    return await deps.phase('Record', async () => {
      const recorded = await recorder.finish();
      logCommits(deps.commits ?? [], deps);
      return recorded;
    });
  } finally {
    await copied.close();
  }
}

/** Adds the section that the changelog would get. */
function withSection(
  result: NamespaceResult,
  time: Date,
  { metadata: { changelogPath, timezone } }: Inputs,
): NamespaceResult {
  if (changelogPath === undefined || result.copied.length === 0) return result;
  return { ...result, section: renderSectionText(result, { time, timezone }) };
}
