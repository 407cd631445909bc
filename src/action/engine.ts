import * as core from '@actions/core';
import { openDockerEngine } from '../copy/docker/open.ts';
import type { Engine } from '../copy/engine.ts';
import { RegistryEngine } from '../copy/registry/engine.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { BlobCache } from './blob-cache.ts';
import { loadCacheApi } from './cache-api.ts';
import { ChildProcesses } from './child-processes.ts';
import { type CredentialSources, loginsFor } from './credentials.ts';
import { DOCKER_FOLDER_STATE } from './docker-folder.ts';
import { definedEnv, dockerConfigFolder, tempFolder } from './environment.ts';
import { exec } from './exec.ts';
import { logger } from './logger.ts';
import { interruptibleSleep } from './sleep.ts';
import { expectCopies } from './v8-flags.ts';

/** Number of images that are copied at the same time, unless the input says otherwise. */
const USUAL_CONCURRENCY = 10;

/**
 * Opens the engine that the inputs name.
 *
 * @throws Error with the remedy when docker, its daemon or a login is missing
 */
export async function openEngine(
  inputs: Inputs,
  sources: CredentialSources,
  abort: AbortSignal,
): Promise<Engine> {
  const registryEngine = new RegistryEngine({
    ...(inputs.cache && {
      blobLocations: (registry) =>
        new BlobCache({
          registry,
          tempFolder: tempFolder(),
          logger,
          sleep: interruptibleSleep(abort),
          random: Math.random,
          now: () => new Date(),
          abort,
          loadApi: loadCacheApi,
        }),
    }),
    concurrency: inputs.concurrency ?? USUAL_CONCURRENCY,
    ...(inputs.concurrency === undefined && { tinyImages: inputs.queryConcurrency }),
    streams: Math.floor(inputs.queryConcurrency / 2),
    retries: inputs.retries,
    sleep: interruptibleSleep(abort),
    random: Math.random,
    abort,
  });
  if (inputs.engine === 'registry') {
    expectCopies();
    return registryEngine;
  }
  const children = new ChildProcesses();
  // Short commands may finish: an interrupted "tag" could still take effect after the image was removed.
  abort.addEventListener('abort', () => children.end(['tag', 'image']));
  return openDockerEngine({
    exec,
    abort,
    env: definedEnv(),
    userConfig: dockerConfigFolder(),
    tempFolder: tempFolder(),
    logins: {
      source: await loginsFor(
        'source',
        inputs.namespaces.map(({ namespace }) => namespace),
        sources,
      ),
      target: await loginsFor(
        'target',
        inputs.namespaces.map(({ target }) => target),
        sources,
      ),
    },
    onFolder: (folder) => core.saveState(DOCKER_FOLDER_STATE, folder),
    indexEngine: registryEngine,
    concurrency: inputs.concurrency ?? USUAL_CONCURRENCY,
    logger,
    sleep: interruptibleSleep(abort),
  });
}
