import { describe, expect, it } from 'vitest';
import { type RunMode, run } from '../../src/main.ts';
import type { Mode } from '../../src/mirror/mode.ts';
import type { Comment } from '../../src/mirror/comment.ts';
import type { Deps, Runner } from '../../src/modes/deps.ts';
import { SAFE_OUTPUTS } from '../../src/report/outputs.ts';
import type { RunResult } from '../../src/report/result.ts';
import { testDeps } from '../support/fixtures/deps.ts';
import { parseTestInputs } from '../support/fixtures/inputs.ts';
import { issueBody, labeled, onIssue } from '../support/fixtures/issues.ts';
import { copied, failure, gone, namespaceResult, runResult } from '../support/fixtures/results.ts';
import { type TestRunner, testRunner } from '../support/run/test-runner.ts';

interface Options {
  readonly result?: Partial<RunResult>;
  readonly inputs?: Record<string, string>;
  readonly deps?: Partial<Deps>;
  readonly runner?: Partial<Runner>;
  /** Replaces the mode's work. */
  readonly mode?: RunMode;
  /** Runs in a pull request, whose comment `kept` gets. */
  readonly kept?: Comment[];
  readonly commentProblem?: string;
}

interface Outcome {
  readonly failure: string | undefined;
  readonly thrown: unknown;
  readonly runner: TestRunner;
  readonly closed: number;
}

const EVENT = {
  eventName: 'pull_request',
  event: { pull_request: { number: 7 } },
  env: { GITHUB_REPOSITORY: 'octo/here' },
};

async function start(options: Options): Promise<Outcome> {
  const runner = testRunner(options.runner);
  let closed = 0;
  const mode: RunMode = options.mode ?? (async () => runResult(options.result));
  const modes: Record<Mode, RunMode> = { sync: mode, plan: mode, compare: mode, monitor: mode, record: mode };
  const { kept, commentProblem } = options;
  const deps: Deps = {
    ...testDeps(),
    ...(kept && {
      comments: {
        keepComment: async (_place, comment) => {
          kept.push(comment);
          runner.calls.push('comment');
          return commentProblem;
        },
      },
    }),
    close: async () => void (closed += 1),
    ...options.deps,
  };
  let failed: string | undefined;
  let thrown: unknown;
  try {
    const load = async () => parseTestInputs(options.inputs ?? {}, kept ? EVENT : {});
    failed = await run(load, () => deps, runner, modes);
  } catch (error) {
    thrown = error;
  }
  return { failure: failed, thrown, runner, closed };
}

describe('the outputs', () => {
  it('are set from the result', async () => {
    const namespaces = [namespaceResult({ copied: [copied('base', { added: ['v1'] })], unchanged: 2 })];
    const { runner } = await start({ result: { namespaces } });
    expect(Object.fromEntries(runner.outputs)).toMatchObject({
      complete: 'true',
      changed: 'true',
      added: '1',
      unchanged: '2',
      report: '/tmp/report.json',
    });
  });

  it('have safe values when an input is wrong', async () => {
    const { runner, thrown } = await start({ inputs: { mode: 'x' } });
    expect(thrown).toMatchObject({ message: expect.stringContaining('mode: "x" is not one of') });
    expect(Object.fromEntries(runner.outputs)).toEqual(SAFE_OUTPUTS);
  });

  it('have safe values when the run breaks off', async () => {
    const mode = async (): Promise<never> => {
      throw new Error('octo/meta is gone');
    };
    const { runner, thrown } = await start({ mode });
    expect(thrown).toMatchObject({ message: 'octo/meta is gone' });
    expect(Object.fromEntries(runner.outputs)).toEqual(SAFE_OUTPUTS);
    expect(runner.calls).toEqual(['output']);
  });

  it('are safe from before the inputs are read', async () => {
    const runner = testRunner();
    let before: Record<string, string> = {};
    const load = async (): Promise<never> => {
      before = Object.fromEntries(runner.outputs);
      throw new Error('stop');
    };
    await expect(run(load, () => testDeps(), runner)).rejects.toThrow('stop');
    expect(before).toEqual(SAFE_OUTPUTS);
  });
});

describe('the report', () => {
  it('writes the JSON file, then outputs, annotations, summary and comment', async () => {
    const namespaces = [namespaceResult({ failures: [failure('base', ['v1'])] })];
    const kept: Comment[] = [];
    const { runner } = await start({ result: { namespaces, dryRun: true, warnings: ['odd'] }, kept });
    expect(runner.calls).toEqual(['output', 'report', 'output', 'error', 'warning', 'summary', 'comment']);
    expect(kept).toMatchObject([{ isNews: true }]);
  });

  it.each([
    ['compare', []],
    ['monitor', []],
    ['plan', [{ isNews: false }]],
    ['sync', [{ isNews: false }]],
  ] as const)('has the right comments in mode %s', async (mode, comments) => {
    const kept: Comment[] = [];
    await start({ inputs: { mode }, result: { mode }, kept });
    expect(kept).toMatchObject(comments);
  });

  it('has no comment when the input turns it off', async () => {
    const kept: Comment[] = [];
    await start({ inputs: { comment: 'false' }, kept });
    expect(kept).toEqual([]);
  });

  it('has a notice when the comment could not be written', async () => {
    const { runner, failure } = await start({ kept: [], commentProblem: 'no permission' });
    expect(runner.messages).toEqual(['no permission']);
    expect(failure).toBeUndefined();
  });
});

describe('the matrix of a plan', () => {
  it('has a warning when a secret of several lines masks it', async () => {
    const entry = { namespace: 'gcr.io/a', images: '', exclude: '', 'shard-index': '0', 'shard-total': 1 };
    const matrix = { include: [{ ...entry, part: '1/1', tags: 1, bytes: 1 }] };
    const inputs = { mode: 'plan', username: '_json_key', password: '{\n  "key": 1\n}' };
    const { runner } = await start({ result: { mode: 'plan', matrix }, inputs });
    expect(runner.messages).toEqual([expect.stringContaining('GitHub drops the output "matrix"')]);
    expect(
      (await start({ result: { mode: 'plan', matrix }, inputs: { mode: 'plan' } })).runner.messages,
    ).toEqual([]);
  });
});

describe('each report', () => {
  const full = (): never => {
    throw new Error('ENOSPC: no space left on device');
  };
  const result = { dryRun: true, namespaces: [namespaceResult({ failures: [failure('base', ['v1'])] })] };
  const all = ['report', 'output', 'error', 'summary', 'comment'];

  it.each<[string, Partial<Runner>, string]>([
    ['the JSON report', { writeReport: async () => full() }, 'report'],
    ['an output', { setOutput: full }, 'output'],
    ['the job summary', { writeSummary: async () => full() }, 'summary'],
  ])('is written when %s fails', async (_, runner, missing) => {
    const kept: Comment[] = [];
    const outcome = await start({ result, runner, kept });
    expect(outcome.thrown).toBeUndefined();
    expect(new Set(outcome.runner.calls)).toEqual(
      new Set([...all.filter((call) => call !== missing), ...(missing === 'summary' ? ['warning'] : [])]),
    );
    expect(kept).toHaveLength(1);
    expect(outcome.closed).toBe(1);
  });

  it('is written when annotations fail', async () => {
    const kept: Comment[] = [];
    const { runner } = await start({ result, runner: { annotate: full }, kept });
    expect(new Set(runner.calls)).toEqual(new Set(['report', 'output', 'summary', 'comment']));
  });

  it.each<[string, Partial<Runner>, string | undefined]>([
    ['outputs', { setOutput: full }, 'The outputs could not be written: ENOSPC: no space left on device'],
    [
      'the JSON report',
      { writeReport: async () => full() },
      'The JSON report could not be written: ENOSPC: no space left on device',
    ],
    ['the job summary', { writeSummary: async () => full() }, undefined],
  ])('decides whether the job fails: without %s', async (_, runner, expected) => {
    expect((await start({ runner })).failure).toBe(expected);
  });

  it('has a warning in place of the job summary', async () => {
    const { runner } = await start({ runner: { writeSummary: async () => full() } });
    expect(runner.messages).toEqual([
      'The job summary could not be written: ENOSPC: no space left on device',
    ]);
  });

  it('has the other outputs when one fails', async () => {
    const names: string[] = [];
    const setOutput = (name: string): void => {
      if (name === 'changed') full();
      names.push(name);
    };
    await start({ runner: { setOutput } });
    expect(names).toContain('complete');
    expect(names).toContain('report');
  });
});

describe('the verdict', () => {
  const drift = { missing: gone(2), changed: [], differs: [], hollow: [], removed: 2 };
  const failures = [failure('base', ['v1', 'v2'])];

  it.each<[string, Options, string | undefined]>([
    ['is success when nothing is wrong', {}, undefined],
    [
      'is the errors of the run',
      { result: { errors: ['no changelog', 'no record'] } },
      'no changelog\nno record',
    ],
    [
      'is the errors of the run even without fail-on-error',
      { result: { errors: ['no record'] }, inputs: { 'fail-on-error': 'false' } },
      'no record',
    ],
    [
      'is the number of failed tags',
      { result: { namespaces: [namespaceResult({ failures })] } },
      '2 tags could not be mirrored: see the job summary',
    ],
    [
      'does not count a missing namespace as a tag',
      { result: { namespaces: [namespaceResult({ failures: [failure('', [])] })] } },
      '1 namespace could not be mirrored: see the job summary',
    ],
    [
      'is success without fail-on-error',
      {
        result: { namespaces: [namespaceResult({ failures, drift })] },
        inputs: { 'fail-on-error': 'false' },
      },
      undefined,
    ],
    [
      'is the number of tags that differ from the record',
      { result: { namespaces: [namespaceResult({ drift })] } },
      '2 tags in the target differ from the record: see the job summary',
    ],
    [
      'ignores warnings and pending tags',
      { result: { warnings: ['odd'], namespaces: [namespaceResult({ pending: 3 })] } },
      undefined,
    ],
  ])('%s', async (_, options, expected) => {
    const { failure, thrown } = await start(options);
    expect(thrown).toBeUndefined();
    expect(failure).toBe(expected);
  });

  it('is failure for a run that was cancelled', async () => {
    const { lifetime } = testDeps();
    const { failure } = await start({ deps: { lifetime: { ...lifetime, stopReason: () => 'cancelled' } } });
    expect(failure).toBe('The run was cancelled');
  });

  it.each<[string, Options, string]>([
    ['errors of the run', { result: { errors: ['no record'] } }, 'no record'],
    [
      'failed tags with one cause',
      { result: { namespaces: [namespaceResult({ failures })] } },
      `gcr.io/distroless/base:v1, v2: ${failure('', []).reason}`,
    ],
    [
      'tags that differ from the record',
      { result: { namespaces: [namespaceResult({ drift })] } },
      '2 tags in the target differ from the record: see the job summary',
    ],
  ])('is one error: %s', async (_, options, expected) => {
    const { runner } = await start(options);
    expect(runner.calls.filter((call) => call === 'error')).toEqual(['error']);
    expect(runner.messages[0]).toBe(expected);
  });

  it('is an error when the outputs can not be written', async () => {
    const setOutput = (): never => {
      throw new Error('ENOSPC');
    };
    const { runner, failure: reason } = await start({ runner: { setOutput } });
    expect(runner.messages).toEqual([reason]);
  });

  it('is success for a run that reached its time limit', async () => {
    const { lifetime } = testDeps();
    const { failure } = await start({ deps: { lifetime: { ...lifetime, stopReason: () => 'time limit' } } });
    expect(failure).toBeUndefined();
  });
});

describe('the dependencies', () => {
  it('are closed once, after success and after an error', async () => {
    expect((await start({})).closed).toBe(1);
    const broken: RunMode = async () => {
      throw new Error('broken');
    };
    expect((await start({ mode: broken })).closed).toBe(1);
  });

  it('are not created when an input is wrong', async () => {
    expect((await start({ inputs: { retries: 'x' } })).closed).toBe(0);
  });

  it('serve the mode that the input names', async () => {
    const names: string[] = [];
    const record =
      (name: string): RunMode =>
      async () => {
        names.push(name);
        return runResult();
      };
    const modes = {
      sync: record('sync'),
      plan: record('plan'),
      compare: record('compare'),
      monitor: record('monitor'),
      record: record('record'),
    };
    for (const mode of Object.keys(modes))
      await run(
        async () => parseTestInputs({ mode, reports: 'reports' }),
        () => testDeps(),
        testRunner(),
        modes,
      );
    expect(names).toEqual(['sync', 'plan', 'compare', 'monitor', 'record']);
  });

  it('fail a run whose metadata repository is unreachable', async () => {
    const runner = testRunner();
    const deps = testDeps();
    deps.metadata.problem = new Error('octo/meta is unreachable');
    const mode: RunMode = async (_inputs, { metadata }) => {
      await metadata.check();
      return runResult();
    };
    const modes = { sync: mode, plan: mode, compare: mode, monitor: mode, record: mode };
    const running = run(
      async () => parseTestInputs({}),
      () => deps,
      runner,
      modes,
    );
    await expect(running).rejects.toThrow('octo/meta is unreachable');
    expect(Object.fromEntries(runner.outputs)).toEqual(SAFE_OUTPUTS);
  });
});

describe('a request', () => {
  const answer = async (images: string, mode: RunMode): Promise<{ comments: string[]; outcome: unknown }> => {
    const comments: string[] = [];
    const keepComment = async (_: unknown, { body }: Comment): Promise<undefined> => {
      comments.push(body);
      return Promise.resolve(undefined);
    };
    const modes = { sync: mode, plan: mode, compare: mode, monitor: mode, record: mode };
    const inputs = parseTestInputs(
      { request: 'true', engine: 'registry' },
      onIssue(labeled(issueBody(images))),
    );
    const deps = { ...testDeps(), comments: { keepComment } };
    const outcome: unknown = await run(
      async () => Promise.resolve(inputs),
      () => deps,
      testRunner(),
      modes,
    ).catch((error: unknown) => error);
    return { comments, outcome };
  };

  it('with mistakes is answered and never started', async () => {
    let started = 0;
    const { comments, outcome } = await answer('???', async () => {
      started += 1;
      return Promise.resolve(runResult());
    });
    expect(started).toBe(0);
    expect(outcome).toMatch(/^The request of issue #7 can't be mirrored/);
    expect(comments).toEqual([expect.stringContaining('Nothing was mirrored')]);
  });

  it('is answered with what became of its images', async () => {
    const answers = [{ line: 'docker.io/library/nginx:1', reference: '1', state: 'pending' }] as const;
    const { comments, outcome } = await answer('nginx:1', async () =>
      Promise.resolve(runResult({ answers, stopped: ['the time is up'] })),
    );
    expect(outcome).toBeUndefined();
    expect(comments).toEqual([expect.stringContaining('left for another run')]);
  });

  it('is answered when the run breaks off', async () => {
    const { comments, outcome } = await answer('nginx:1', async () =>
      Promise.reject(new Error('octo/meta is gone')),
    );
    expect(outcome).toMatchObject({ message: 'octo/meta is gone' });
    expect(comments).toEqual([expect.stringContaining('octo/meta is gone')]);
  });
});
