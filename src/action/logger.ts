import * as core from '@actions/core';
import type { Logger } from '../oci/logger.ts';
import { gatherOutput } from './gather-output.ts';

const holdBack = gatherOutput(process.stdout, (write) => {
  // The process waits until this is read, however slowly. When it must exit at once, there is only the other event.
  process.on('beforeExit', write);
  process.on('exit', write);
});

/**
 * The runner's log. A line that begins like a workflow command would be executed, and some of the text comes from
 * registries, so such lines get an invisible character in front.
 *
 * @param isDebug whether the workflow runs with step debugging. Without it, no debug line is made: those of 100,000 requests would cost
 *   more time than the requests.
 */
export function createLogger(isDebug: boolean): Logger {
  return {
    debug: (message) => {
      if (!isDebug) return;
      holdBack();
      core.debug(typeof message === 'string' ? message : message());
    },
    info: (message) => {
      holdBack();
      core.info(message.replaceAll(/^(\s*)(::|##\[)/gm, '$1\u200b$2'));
    },
    warning: (message) => core.warning(message),
  };
}

export const logger = createLogger(core.isDebug());
