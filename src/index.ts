import { setFlagsFromString } from 'node:v8';
import * as core from '@actions/core';
import { createDeps } from './action/dependencies.ts';
import { readEvent } from './action/environment.ts';
import { runner } from './action/runner.ts';
import { readWorkflowFile } from './action/workflow-file.ts';
import type { Inputs } from './inputs/inputs.ts';
import { loadInputs } from './inputs/load.ts';
import { run } from './main.ts';
import { messageOf } from './oci/errors.ts';

// What a run leaves behind is garbage soon. V8 would let its young generation grow with the machine's memory, and the old
// one to four times of what is in use before it collects there; and so the process past 200 MB.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=50');

const load = async (): Promise<Inputs> =>
  loadInputs(
    {
      get: core.getInput,
      eventName: process.env['GITHUB_EVENT_NAME'] ?? '',
      event: readEvent(),
      env: process.env,
      now: Date.now(),
      mask: core.setSecret,
    },
    readWorkflowFile,
  );

try {
  const failure = await run(load, createDeps, runner);
  if (failure !== undefined) core.setFailed(failure);
} catch (error) {
  core.setFailed(messageOf(error));
}
