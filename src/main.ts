import type { Inputs } from './inputs/inputs.ts';
import { describeFailed } from './mirror/failure.ts';
import { plural } from './mirror/format.ts';
import type { Mode } from './mirror/mode.ts';
import { countAll, countDrift } from './mirror/result.ts';
import { answerBrokenOff, answerRequest, refuseRequest } from './modes/answer-request.ts';
import { compare } from './modes/compare.ts';
import type { Deps, Runner } from './modes/deps.ts';
import { monitor } from './modes/monitor.ts';
import { plan } from './modes/plan.ts';
import { runLogOf } from './modes/run-log.ts';
import { record } from './modes/record.ts';
import { sync } from './modes/sync.ts';
import { messageOf } from './oci/errors.ts';
import { type Annotation, annotate } from './report/annotations.ts';
import { renderComment } from './report/comment.ts';
import { renderJsonReport } from './report/json-report.ts';
import { warnOfMaskedOutput } from './report/masked-outputs.ts';
import { type Outputs, SAFE_OUTPUTS, outputsOf } from './report/outputs.ts';
import type { RunResult } from './report/result.ts';
import { renderSummary } from './report/summary.ts';

/** What a mode does between reading the inputs and reporting. */
export type RunMode = (inputs: Inputs, deps: Deps) => Promise<RunResult>;

/** Each mode takes the steps of the pipeline that its line names. */
const MODES: Readonly<Record<Mode, RunMode>> = {
  sync, // list → select → plan → copy → record
  plan, // list → select → plan
  compare, // list → select → plan → audit the target → record
  monitor, // list → select → plan, as often as the inputs say
  record, // read the reports of other jobs → record
};

/**
 * Runs the action: inputs → list → select → plan → copy → record → report.
 *
 * @param modes what runs in each mode; tests pass their own
 * @returns why the job fails, which annotations say already; undefined when it succeeds
 * @throws Error with cause and remedy when the run can't continue; the outputs have safe values then
 */
export async function run(
  loadInputs: () => Promise<Inputs>,
  createDeps: (inputs: Inputs) => Deps,
  runner: Runner,
  modes = MODES,
): Promise<string | undefined> {
  await new Attempts().make('The outputs', () => setOutputs(runner, SAFE_OUTPUTS));
  const inputs = await loadInputs();
  const deps = createDeps(inputs);
  try {
    const refused = await refuseRequest(inputs, deps, runner);
    if (refused !== undefined) return refused;
    const result = withOutputWarnings(await attempt(modes[inputs.mode], inputs, deps, runner), inputs);
    const failure = verdict(result, inputs, deps);
    const unreported = await report(result, failure, inputs, deps, runner);
    runLogOf(deps).finished(result);
    return failure?.reason ?? unreported;
  } finally {
    await deps.close();
  }
}

/** Runs a mode. If it breaks off, an issue that asked for images is told so. */
async function attempt(mode: RunMode, inputs: Inputs, deps: Deps, runner: Runner): Promise<RunResult> {
  try {
    return await mode(inputs, deps);
  } catch (error) {
    // Whatever goes wrong here must not hide the error.
    await new Attempts().make('The answer', async () => answerBrokenOff(inputs, error, deps, runner));
    throw error;
  }
}

/** The result of a plan, with warnings if GitHub will not pass its matrix to other jobs. */
function withOutputWarnings(result: RunResult, { credentials, registryAuth }: Inputs): RunResult {
  if (!result.matrix) return result;
  const accounts = [credentials.target, credentials.source, ...registryAuth.values()];
  const warnings = warnOfMaskedOutput(
    'matrix',
    JSON.stringify(result.matrix),
    accounts.filter((account) => account !== undefined),
  );
  return { ...result, warnings: [...result.warnings, ...warnings] };
}

/** Pieces of work that are all attempted, even if some fail. */
class Attempts {
  readonly problems: string[] = [];

  async make(what: string, work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.problems.push(`${what} could not be written: ${messageOf(error)}`);
    }
  }
}

/**
 * Reports a run everywhere that a user looks: outputs first, because other jobs depend on them. The disk may be full, or
 * a folder not writable: each report is written although another fails.
 *
 * @returns why the job fails if other jobs lack the outputs or the JSON report; other missing reports are warnings
 */
async function report(
  result: RunResult,
  failure: JobFailure | undefined,
  inputs: Inputs,
  deps: Deps,
  runner: Runner,
): Promise<string | undefined> {
  const required = new Attempts();
  let path = '';
  await required.make('The JSON report', async () => {
    path = await runner.writeReport(renderJsonReport(result));
  });
  await required.make('The outputs', () => setOutputs(runner, outputsOf(result, path)));
  const unreported = required.problems.length === 0 ? undefined : required.problems.join('\n');
  const others = new Attempts();
  const unsaid = failure?.isAnnotated === true ? undefined : failure?.reason;
  const failures = [unsaid, unreported].filter((message) => message !== undefined);
  for (const annotation of [...failures.map(errorOf), ...annotate(result)])
    await others.make('An annotation', () => runner.annotate(annotation));
  await others.make('The job summary', async () => runner.writeSummary(renderSummary(result)));
  await others.make('The comment', async () => comment(result, inputs, deps, runner));
  await others.make('The answer', async () => answerRequest(inputs, result, deps, runner));
  for (const message of Array.from(others.problems))
    await others.make('An annotation', () => runner.annotate({ level: 'warning', message }));
  return unreported;
}

const errorOf = (message: string): Annotation => ({ level: 'error', message });

/** Keeps the comment on the pull request that started the workflow, if there is one. */
async function comment(
  result: RunResult,
  { comment: place }: Inputs,
  { comments, logger }: Deps,
  runner: Runner,
): Promise<void> {
  if (!place || !comments || (result.mode !== 'sync' && result.mode !== 'plan')) return;
  const problem = await comments.keepComment(place, renderComment(result));
  if (problem === undefined) logger.info(`The comment on ${place.kind} #${place.number} is up to date.`);
  else runner.annotate({ level: 'notice', message: problem });
}

/** Why the job fails. */
interface JobFailure {
  readonly reason: string;
  /** True if the annotations of the result say it. */
  readonly isAnnotated: boolean;
}

/** A run's own errors always fail the job: what was mirrored may not be recorded. */
function verdict(
  { namespaces, errors }: RunResult,
  { failOnError }: Inputs,
  { lifetime }: Deps,
): JobFailure | undefined {
  if (errors.length > 0) return { reason: errors.join('\n'), isAnnotated: true };
  if (lifetime.stopReason() === 'cancelled') return { reason: 'The run was cancelled', isAnnotated: false };
  if (!failOnError) return undefined;
  const { failed } = countAll(namespaces);
  if (failed > 0) {
    const failures = namespaces.flatMap((result) => result.failures);
    const reason = `${describeFailed(failures)} could not be mirrored: see the job summary`;
    return { reason, isAnnotated: true };
  }
  const drifted = namespaces.reduce((sum, one) => sum + countDrift(one), 0);
  if (drifted === 0) return undefined;
  const reason = `${plural(drifted, 'tag')} in the target differ from the record: see the job summary`;
  return { reason, isAnnotated: false };
}

/** @throws the first error, after all outputs were tried */
function setOutputs(runner: Runner, outputs: Outputs): void {
  const errors: unknown[] = [];
  for (const [name, value] of Object.entries(outputs)) {
    try {
      runner.setOutput(name, String(value));
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
