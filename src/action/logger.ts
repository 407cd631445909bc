import * as core from '@actions/core';
import type { Logger } from '../oci/logger.ts';

/**
 * The runner's log. A line that begins like a workflow command would be executed, and some of the text comes from
 * registries, so such lines get an invisible character in front.
 */
export const logger: Logger = {
  debug: (message) => {
    // Debug lines of 100,000 requests would cost more time than the requests.
    if (core.isDebug()) core.debug(typeof message === 'string' ? message : message());
  },
  info: (message) => core.info(message.replaceAll(/^(\s*)(::|##\[)/gm, '$1\u200b$2')),
  warning: (message) => core.warning(message),
};
