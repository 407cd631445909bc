import * as core from '@actions/core';
import { createDeps } from './action/dependencies.ts';
import { readInputSource } from './action/input-source.ts';
import { runner } from './action/runner.ts';
import { limitHeapGrowth } from './action/v8-flags.ts';
import { readWorkflowFile } from './action/workflow-file.ts';
import { loadInputs } from './inputs/load.ts';
import { run } from './main.ts';
import { messageOf } from './oci/errors.ts';

limitHeapGrowth();
try {
  const failure = await run(async () => loadInputs(readInputSource(), readWorkflowFile), createDeps, runner);
  // The run has reported why.
  if (failure !== undefined) process.exitCode = core.ExitCode.Failure;
} catch (error) {
  core.setFailed(messageOf(error));
}
