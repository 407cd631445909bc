import { rm } from 'node:fs/promises';
import * as core from '@actions/core';
import { DOCKER_FOLDER_STATE } from './action/docker-folder.ts';

// Removes docker's logins if the main step was killed before it could. Warns and never fails.
const folder = core.getState(DOCKER_FOLDER_STATE);
if (folder !== '') {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    core.warning(`${folder} contains docker logins and could not be removed: ${String(error)}`);
  }
}
