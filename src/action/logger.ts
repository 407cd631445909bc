import * as core from '@actions/core';
import type { Logger } from '../oci/logger.ts';

/** A line that starts like a workflow command would be one, and registries choose some of our text. */
export const logger: Logger = {
  debug: (message) => core.debug(message),
  info: (message) => core.info(message.replaceAll(/^(\s*)(::|##\[)/gm, '$1\u200b$2')),
  warning: (message) => core.warning(message),
};
