import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as core from '@actions/core';
import { getExecOutput } from '@actions/exec';
import { createBlobCache } from './blob-cache.ts';
import { type CredentialSources, credentialLookup, githubCredential, loginsFor } from './credentials.ts';
import type { Exec } from './copy/docker/cli.ts';
import { openDockerEngine } from './copy/docker/engine.ts';
import type { Engine } from './copy/engine.ts';
import { RegistryEngine } from './copy/registry/engine.ts';
import type { Inputs } from './inputs/inputs.ts';
import type { Logger } from './logger.ts';
import { createGitHubClient } from './metadata/github-client.ts';
import { MetadataRepository } from './metadata/repository.ts';
import type { Deps } from './modes/deps.ts';
import { createLifetime } from './lifetime.ts';
import { ChildProcesses, tolerateUnreadInput } from './child-processes.ts';
import { dockerConfigCredentials } from './oci/credentials.ts';
import { createDispatcher } from './oci/dispatcher.ts';
import type { Sleep } from './oci/host-gate.ts';
import { Registries } from './oci/registries.ts';
import { PullRequestComments } from './report/pull-request.ts';
import type { Runner } from './report/runner.ts';
import { DOCKER_FOLDER_STATE } from './state.ts';

const ANNOTATE = { error: core.error, warning: core.warning, notice: core.notice } as const;

/** The runner, as @actions/core speaks to it. */
export const runner: Runner = {
  annotate: ({ level, message }) => ANNOTATE[level](message),
  setOutput: (name, value) => core.setOutput(name, value),
  writeSummary: async (markdown) => {
    if (process.env['GITHUB_STEP_SUMMARY']) await core.summary.addRaw(markdown).write();
  },
  writeReport: async (json) => {
    const path = join(tempFolder(), `sync-action-report-${randomUUID()}.json`);
    await writeFile(path, json);
    return path;
  },
};

/** The payload of the event that started the workflow; undefined where there is none to be read. */
export function readEvent(): unknown {
  const path = process.env['GITHUB_EVENT_PATH'];
  try {
    return path ? (JSON.parse(readFileSync(path, 'utf8')) as unknown) : undefined;
  } catch (error) {
    core.warning(`The event of GITHUB_EVENT_PATH can't be read: ${String(error)}`);
    return undefined;
  }
}

/** A line that starts like a workflow command would be one, and registries choose some of our text. */
export const logger: Logger = {
  debug: (message) => core.debug(message),
  info: (message) => core.info(message.replaceAll(/^(\s*)(::|##\[)/gm, '$1\u200b$2')),
  warning: (message) => core.warning(message),
};

const sleep: Sleep = async (ms, signal) => delay(ms, undefined, signal ? { signal } : {});

/** A sleep that the end of the run breaks off, whatever else does. */
function mortalSleep(abort: AbortSignal): Sleep {
  return async (ms, signal) => sleep(ms, signal ? AbortSignal.any([signal, abort]) : abort);
}

const exec: Exec = async (command, args, { env, input }) =>
  getExecOutput(command, [...args], {
    env: { ...env },
    ...(input !== undefined && { input: Buffer.from(input) }),
    silent: true,
    ignoreReturnCode: true,
  });

const GITHUB_API = 'https://api.github.com';

/** GitHub's API, another one on GitHub Enterprise. */
export function apiUrl(): string {
  return process.env['GITHUB_API_URL'] || GITHUB_API;
}

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
      hurried: {
        signal: lifetime.abort,
        octokit: createGitHubClient({ ...client, spaced: false }),
        end: lifetime.cutoff,
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

async function openEngine(inputs: Inputs, sources: CredentialSources, abort: AbortSignal): Promise<Engine> {
  const registryEngine = new RegistryEngine({
    ...(inputs.cache && { memory: (registry) => createBlobCache(registry, tempFolder(), logger) }),
    concurrency: inputs.concurrency,
    streams: Math.floor(inputs.queryConcurrency / 2),
    retries: inputs.retries,
    sleep: mortalSleep(abort),
    random: Math.random,
    abort,
  });
  if (inputs.engine === 'registry') return registryEngine;
  const children = new ChildProcesses();
  // What docker does in a moment goes on: the daemon might tag an image after it was asked to remove it.
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
        inputs.namespaces.map(({ namespace }) => namespace.registry),
        sources,
      ),
      target: await loginsFor(
        'target',
        inputs.namespaces.map(({ target }) => target.registry),
        sources,
      ),
    },
    onFolder: (folder) => core.saveState(DOCKER_FOLDER_STATE, folder),
    wholeEngine: registryEngine,
    concurrency: inputs.concurrency,
    logger,
  });
}

function credentialSources(inputs: Inputs): CredentialSources {
  return {
    inputs,
    dockerConfig: dockerConfigCredentials(dockerConfigFolder(), async (helper, server) =>
      exec(`docker-credential-${helper}`, ['get'], { env: definedEnv(), input: server }),
    ),
    github: isGitHubDotCom()
      ? githubCredential(inputs.metadata.token, process.env['GITHUB_ACTOR'])
      : undefined,
  };
}

/** Not GitHub Enterprise, whose tokens nobody else takes. */
function isGitHubDotCom(): boolean {
  return apiUrl() === GITHUB_API;
}

function dockerConfigFolder(): string {
  return process.env['DOCKER_CONFIG'] || join(homedir(), '.docker');
}

function tempFolder(): string {
  return process.env['RUNNER_TEMP'] || tmpdir();
}

function definedEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
