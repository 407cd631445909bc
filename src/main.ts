import type { Inputs } from './inputs/inputs.ts';
import { plural } from './mirror/format.ts';
import type { Mode } from './mirror/mode.ts';
import { countAll, countDrift } from './mirror/result.ts';
import { compare } from './modes/compare.ts';
import type { Deps, Runner } from './modes/deps.ts';
import { monitor } from './modes/monitor.ts';
import { plan } from './modes/plan.ts';
import { sync } from './modes/sync.ts';
import { annotate } from './report/annotations.ts';
import { renderComment } from './report/comment.ts';
import { renderJsonReport } from './report/json-report.ts';
import { type Outputs, SAFE_OUTPUTS, outputsOf } from './report/outputs.ts';
import type { RunResult } from './report/result.ts';
import { renderSummary } from './report/summary.ts';

const MODES: Readonly<Record<Mode, (inputs: Inputs, deps: Deps) => Promise<RunResult>>> = {
  sync,
  plan,
  compare,
  monitor,
};

/**
 * Runs the action: inputs → discover → select → diff → shard → copy → record → report.
 *
 * @returns what fails the job, if anything
 * @throws Error with cause and remedy when the run can't go on; outputs have safe values then
 */
export async function run(
  loadInputs: () => Promise<Inputs>,
  createDeps: (inputs: Inputs) => Deps,
  runner: Runner,
): Promise<string | undefined> {
  setOutputs(runner, SAFE_OUTPUTS);
  const inputs = await loadInputs();
  const deps = createDeps(inputs);
  try {
    const result = await MODES[inputs.mode](inputs, deps);
    await report(result, inputs, deps, runner);
    return verdict(result, inputs, deps);
  } finally {
    await deps.close();
  }
}

async function report(
  result: RunResult,
  { comment }: Inputs,
  { pullRequest, logger }: Deps,
  runner: Runner,
): Promise<void> {
  const path = await runner.writeReport(renderJsonReport(result));
  setOutputs(runner, outputsOf(result, path));
  for (const annotation of annotate(result)) runner.annotate(annotation);
  await runner.writeSummary(renderSummary(result));
  if (!comment || !pullRequest || (result.mode !== 'sync' && result.mode !== 'plan')) return;
  const problem = await pullRequest.keepComment(comment, renderComment(result));
  if (problem === undefined) logger.info(`The comment on pull request #${comment.number} is up to date.`);
  else runner.annotate({ level: 'notice', message: problem });
}

/** A run's own errors fail the job always: what was mirrored may not be recorded. */
function verdict(
  { namespaces, errors }: RunResult,
  { failOnError }: Inputs,
  { lifetime }: Deps,
): string | undefined {
  if (errors.length > 0) return errors.join('\n');
  if (lifetime.stopReason() === 'cancelled') return 'The run was cancelled';
  if (!failOnError) return undefined;
  const { failed } = countAll(namespaces);
  if (failed > 0) return `${plural(failed, 'tag')} could not be mirrored: see the summary`;
  const drifted = namespaces.reduce((sum, one) => sum + countDrift(one), 0);
  return drifted > 0 ? `${plural(drifted, 'tag')} at the target not as recorded: see the summary` : undefined;
}

function setOutputs(runner: Runner, outputs: Outputs): void {
  for (const [name, value] of Object.entries(outputs)) runner.setOutput(name, String(value));
}
