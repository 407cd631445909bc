import * as core from '@actions/core';
import { parseInputs } from './inputs/inputs.ts';
import { run } from './main.ts';
import { createDeps, runner } from './runtime.ts';

const loadInputs = (): ReturnType<typeof parseInputs> =>
  parseInputs({
    get: core.getInput,
    eventName: process.env['GITHUB_EVENT_NAME'] ?? '',
    env: process.env,
    mask: core.setSecret,
  });

try {
  const failure = await run(loadInputs, createDeps, runner);
  if (failure !== undefined) core.setFailed(failure);
} catch (error) {
  core.setFailed(error instanceof Error ? error.message : String(error));
}
