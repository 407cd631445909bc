import type { Inputs } from './inputs/inputs.ts';
import { type Deps, sync } from './modes/sync.ts';
import { annotate } from './report/annotations.ts';
import { plural } from './report/format.ts';
import { renderJsonReport } from './report/json-report.ts';
import { type Outputs, SAFE_OUTPUTS, outputsOf } from './report/outputs.ts';
import { type RunResult, countAll } from './report/result.ts';
import type { Runner } from './report/runner.ts';
import { renderSummary } from './report/summary.ts';

/**
 * Runs the action: inputs → discover → select → diff → copy → record → report.
 *
 * @returns what fails the job, if anything
 * @throws Error with cause and remedy when the run can't go on; outputs have safe values then
 */
export async function run(
  loadInputs: () => Inputs,
  createDeps: (inputs: Inputs) => Deps,
  runner: Runner,
): Promise<string | undefined> {
  setOutputs(runner, SAFE_OUTPUTS);
  const inputs = loadInputs();
  const result = await sync(inputs, createDeps(inputs));
  await report(result, runner);
  return verdict(result, inputs);
}

async function report(result: RunResult, runner: Runner): Promise<void> {
  const path = await runner.writeReport(renderJsonReport(result));
  setOutputs(runner, outputsOf(result, path));
  for (const annotation of annotate(result)) runner.annotate(annotation);
  await runner.writeSummary(renderSummary(result));
}

/** A run's own errors fail the job always: what was mirrored may not be recorded. */
function verdict({ namespaces, errors }: RunResult, { failOnError }: Inputs): string | undefined {
  const { failed } = countAll(namespaces);
  if (errors.length > 0) return errors.join('\n');
  return failed > 0 && failOnError
    ? `${plural(failed, 'tag')} could not be mirrored: see the summary`
    : undefined;
}

function setOutputs(runner: Runner, outputs: Outputs): void {
  for (const [name, value] of Object.entries(outputs)) runner.setOutput(name, String(value));
}
