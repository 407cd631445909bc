import { randomUUID } from 'node:crypto';
import * as core from '@actions/core';
import type { Octokit } from 'octokit';
import type { Dispatcher } from 'undici';
import { type GitHubOptions, createDirectClient, createGitHubClient } from '../github/client.ts';
import { Comments } from '../github/comments.ts';
import { ListProposals } from '../github/list-proposal.ts';
import { MetadataRepository } from '../github/repository.ts';
import { writePace } from '../github/write-pace.ts';
import { WriteAccess } from '../github/write-access.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { Lifetime } from '../mirror/lifetime.ts';
import type { Commit } from '../mirror/result.ts';
import type { Deps } from '../modes/deps.ts';
import { createDispatcher } from '../oci/http/dispatcher.ts';
import { Registries } from '../oci/registries.ts';
import { loadCacheApi } from './cache-api.ts';
import { tolerateUnreadInput } from './child-processes.ts';
import { type CredentialSources, credentialLookup, credentialSources } from './credentials.ts';
import { openEngine } from './engine.ts';
import { apiUrl, hasColors, isGitHubDotCom, tempFolder } from './environment.ts';
import { createLifetime } from './lifetime.ts';
import { logger } from './logger.ts';
import { CachedRecheckDays, recheckKey } from './recheck-days.ts';
import { readReports } from './reports-folder.ts';
import { interruptibleSleep, sleep } from './sleep.ts';

const { random } = Math;

/** Everything that a run for `inputs` works with: the real network, clock, random numbers and processes. */
export function createDeps(inputs: Inputs): Deps {
  tolerateUnreadInput();
  const lifetime = createLifetime(inputs.timeLimit, onSignal);
  const dispatcher = createDispatcher({
    timeout: inputs.httpTimeout,
    connections: Math.max(inputs.queryConcurrency, inputs.targetConcurrency),
    proxy: inputs.proxy,
  });
  const sources = credentialSources(inputs);
  const registries = createRegistries(inputs, dispatcher, sources, lifetime);
  const client: GitHubOptions = {
    token: inputs.metadata.token,
    apiUrl: apiUrl(),
    dispatcher,
    logger,
    pace: writePace(inputs.jobs),
    signal: lifetime.cutoff,
  };
  const octokit = createGitHubClient(client);
  const direct = createDirectClient(client);
  const commits: Commit[] = [];
  return {
    registries,
    apis: {
      dockerHub: registries.api(new URL('https://hub.docker.com')),
      quay: registries.api(new URL('https://quay.io')),
      github: isGitHubDotCom() ? octokit : undefined,
    },
    ...(inputs.comment && { comments: new Comments({ octokit, sleep, random }) }),
    ...answering(inputs, octokit, client),
    metadata: createMetadata(inputs, direct, client, lifetime, commits),
    commits,
    writeAccess: createWriteAccess(inputs, direct),
    openEngine: async () => openEngine(inputs, sources, lifetime.abort),
    lifetime,
    phase: async (name, work) => core.group(name, work),
    logger,
    hasColors: hasColors(),
    now: () => new Date(),
    ...(inputs.cache && {
      recheckDays: new CachedRecheckDays({
        key: recheckKey(inputs),
        tempFolder: tempFolder(),
        logger,
        loadApi: loadCacheApi,
      }),
    }),
    sleep: interruptibleSleep(lifetime.abort),
    random,
    readReports,
    readCataloguePage: async () => (await import('./catalogue-page.ts')).readCataloguePage(),
    jobs: inputs.jobs,
    runKey: `${process.env['GITHUB_RUN_ID'] ?? 'local'}.${randomUUID().slice(0, 8)}`,
    close: async () => dispatcher.destroy(),
  };
}

/** What answers a request, with a token that may write in the repository of the issue. */
function answering(
  { request, metadata, workflowToken }: Inputs,
  octokit: Octokit,
  client: GitHubOptions,
): Pick<Deps, 'comments' | 'listProposals'> {
  if (!request) return {};
  const { owner, repo } = request.place;
  const isOwn = `${owner}/${repo}`.toLowerCase() === `${metadata.owner}/${metadata.repo}`.toLowerCase();
  const writer =
    isOwn || workflowToken === '' ? octokit : createGitHubClient({ ...client, token: workflowToken });
  return {
    comments: new Comments({ octokit: writer, sleep, random }),
    listProposals: new ListProposals(writer),
  };
}

/** The signals with which the runner cancels a job. On Windows, Ctrl+Break follows Ctrl+C. */
function onSignal(cancel: () => void): void {
  const breaks = process.platform === 'win32' ? (['SIGBREAK'] as const) : [];
  for (const signal of ['SIGINT', 'SIGTERM', ...breaks] as const) process.on(signal, cancel);
}

function createRegistries(
  inputs: Inputs,
  dispatcher: Dispatcher,
  sources: CredentialSources,
  { abort }: Lifetime,
): Registries {
  const { queryConcurrency, retries, insecureRegistries, trustedHosts, request, requestAccounts } = inputs;
  return new Registries({
    dispatcher,
    concurrency: queryConcurrency,
    exceptions: { registries: pureTargets(inputs), concurrency: inputs.targetConcurrency },
    retries,
    insecure: insecureRegistries,
    trustedHosts,
    credentials: {
      // Whoever asks for an image must not get what only the mirror's own accounts may read.
      source: request && !requestAccounts ? async () => undefined : credentialLookup('source', sources),
      target: credentialLookup('target', sources),
    },
    sleep: interruptibleSleep(abort),
    clock: Date.now,
    random,
    mask: core.setSecret,
    logger,
    signal: abort,
  });
}

/** The registries that are targets, and not sources too. */
function pureTargets({ namespaces }: Inputs): Set<string> {
  const sources = new Set(namespaces.map(({ namespace }) => namespace.registry));
  const targets = namespaces.map(({ target }) => target.registry);
  return new Set(targets.filter((registry) => !sources.has(registry)));
}

/** A token of a GitHub App has the prefix `ghs_`. https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/ */
function createWriteAccess({ metadata, workflowToken, shard }: Inputs, octokit: Octokit): WriteAccess {
  const { token, ...place } = metadata;
  const tokenKind = token === workflowToken ? 'workflow' : token.startsWith('ghs_') ? 'app' : 'user';
  return new WriteAccess({ ...place, octokit, tokenKind, probes: shard.first === 0, logger });
}

/** The metadata repository. After the run was aborted it is written by a client that does not space its writes. */
function createMetadata(
  inputs: Inputs,
  octokit: Octokit,
  { pace: _pace, ...client }: GitHubOptions,
  { abort, cutoff, timeLeftMs }: Lifetime,
  commits: Commit[],
): MetadataRepository {
  const { token: _token, ...place } = inputs.metadata;
  return new MetadataRepository({
    ...place,
    octokit,
    onCommit: (commit) => commits.push(commit),
    jobs: inputs.jobs,
    shutdown: {
      signal: abort,
      octokit: createDirectClient(client),
      end: cutoff,
      timeLeftMs,
    },
    sleep,
    random,
    logger,
  });
}
