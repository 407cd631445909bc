import { setTimeout as delay } from 'node:timers/promises';
import { Octokit } from 'octokit';
import { MetadataRepository } from '../../../src/github/repository.ts';
import type { Deps, Runner } from '../../../src/modes/deps.ts';
import { testApis, testRegistries } from '../fixtures/clients.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

/** A runner that keeps what it gets, in the order in which it came. */
export interface TestRunner extends Runner {
  readonly outputs: Map<string, string>;
  /** The names of what was reported: `output`, `error`, `warning`, `notice`, `summary`, `report`. */
  readonly calls: string[];
  readonly messages: string[];
}

export function testRunner(given: Partial<Runner> = {}): TestRunner {
  const outputs = new Map<string, string>();
  const calls: string[] = [];
  const messages: string[] = [];
  return {
    outputs,
    calls,
    messages,
    annotate: ({ level, message }) => {
      calls.push(level);
      messages.push(message);
    },
    setOutput: (name, value) => {
      if (calls.at(-1) !== 'output') calls.push('output');
      outputs.set(name, value);
    },
    writeSummary: async () => void calls.push('summary'),
    writeReport: async () => {
      calls.push('report');
      return '/tmp/report.json';
    },
    ...given,
  };
}

/** The dependencies of a run that has no network: whatever it requests fails. */
export function testDeps(given: Partial<Deps> = {}): Deps {
  const { signal } = new AbortController();
  return {
    registries: testRegistries({ retries: 0 }),
    apis: testApis(),
    metadata: new MetadataRepository({
      octokit: new Octokit({ baseUrl: 'http://127.0.0.1:1', retry: { enabled: false } }),
      owner: 'octo',
      repo: 'meta',
      sleep: async () => {},
      random: () => 0,
      logger: silentLogger,
    }),
    openEngine: async () => {
      throw new Error('This run has no engine');
    },
    lifetime: {
      drain: signal,
      abort: signal,
      cutoff: signal,
      timeLeftMs: () => 3_600_000,
      stopReason: () => undefined,
    },
    jobs: 1,
    readReports: async () => [],
    phase: async (_name, work) => work(),
    logger: silentLogger,
    now: () => new Date('2026-11-25T12:00:00Z'),
    sleep: async () => delay(0),
    random: () => 0.5,
    runKey: 'test',
    close: async () => {},
    ...given,
  };
}
