import { randomUUID } from 'node:crypto';
import * as core from '@actions/core';
import { createGitHubClient } from '../github/client.ts';
import { PullRequestComments } from '../github/comments.ts';
import { MetadataRepository } from '../github/repository.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { Deps } from '../modes/deps.ts';
import { createDispatcher } from '../oci/http/dispatcher.ts';
import { Registries } from '../oci/registries.ts';
import { tolerateUnreadInput } from './child-processes.ts';
import { credentialLookup, credentialSources } from './credentials.ts';
import { openEngine } from './engine.ts';
import { apiUrl, isGitHubDotCom } from './environment.ts';
import { createLifetime } from './lifetime.ts';
import { logger } from './logger.ts';
import { mortalSleep, sleep } from './sleep.ts';

/** Everything that a run works with, for `inputs`: the real network, clock, random numbers and processes. */
export function createDeps(inputs: Inputs): Deps {
  tolerateUnreadInput();
  const { random } = Math;
  const lifetime = createLifetime(inputs.timeLimit, (cancel) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, cancel);
  });
  const sleepOn = mortalSleep(lifetime.abort);
  const dispatcher = createDispatcher({
    timeout: inputs.httpTimeout,
    connections: inputs.queryConcurrency,
    proxy: inputs.proxy,
  });
  const sources = credentialSources(inputs);
  const registries = new Registries({
    dispatcher,
    concurrency: inputs.queryConcurrency,
    retries: inputs.retries,
    insecure: inputs.insecureRegistries,
    credentials: { source: credentialLookup('source', sources), target: credentialLookup('target', sources) },
    sleep: sleepOn,
    clock: Date.now,
    random,
    mask: core.setSecret,
    logger,
    signal: lifetime.abort,
  });
  const { token, ...metadata } = inputs.metadata;
  const client = { token, apiUrl: apiUrl(), dispatcher, logger, signal: lifetime.cutoff };
  const octokit = createGitHubClient(client);
  return {
    registries,
    apis: {
      dockerHub: registries.api(new URL('https://hub.docker.com')),
      quay: registries.api(new URL('https://quay.io')),
      github: isGitHubDotCom() ? octokit : undefined,
    },
    ...(inputs.comment && { pullRequest: new PullRequestComments(octokit) }),
    metadata: new MetadataRepository({
      octokit,
      shutdown: {
        signal: lifetime.abort,
        octokit: createGitHubClient({ ...client, spaced: false }),
        end: lifetime.cutoff,
        timeLeftMs: lifetime.timeLeftMs,
      },
      ...metadata,
      sleep,
      random,
      logger,
    }),
    openEngine: async () => openEngine(inputs, sources, lifetime.abort),
    lifetime,
    phase: async (name, work) => core.group(name, work),
    logger,
    now: () => new Date(),
    sleep: sleepOn,
    random,
    runKey: `${process.env['GITHUB_RUN_ID'] ?? 'local'}.${randomUUID().slice(0, 8)}`,
    close: async () => dispatcher.destroy(),
  };
}
