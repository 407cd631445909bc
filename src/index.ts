import { setFlagsFromString } from 'node:v8';
import * as core from '@actions/core';
import { parseInputs } from './inputs/inputs.ts';
import { run } from './main.ts';
import { createDeps, readEvent, runner } from './runtime.ts';

// What a run leaves behind is garbage soon. V8 would let its young generation grow with the machine's memory, and the
// process past 200 MB, for a tenth less of processor time.
setFlagsFromString('--semi-space-growth-factor=1');

const loadInputs = (): ReturnType<typeof parseInputs> =>
  parseInputs({
    get: core.getInput,
    eventName: process.env['GITHUB_EVENT_NAME'] ?? '',
    event: readEvent(),
    env: process.env,
    mask: core.setSecret,
  });

try {
  const failure = await run(loadInputs, createDeps, runner);
  if (failure !== undefined) core.setFailed(failure);
} catch (error) {
  core.setFailed(error instanceof Error ? error.message : String(error));
}
