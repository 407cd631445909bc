import { describe, expect, it } from 'vitest';
import type { ListChange } from '../../../src/github/list-proposal.ts';
import type { Inputs } from '../../../src/inputs/inputs.ts';
import type { Comment } from '../../../src/mirror/comment.ts';
import type { Answer } from '../../../src/mirror/request.ts';
import { answerBrokenOff, answerRequest, refuseRequest } from '../../../src/modes/answer-request.ts';
import type { Deps } from '../../../src/modes/deps.ts';
import { testDeps } from '../../support/fixtures/deps.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';
import { issueBody, labeled, onIssue } from '../../support/fixtures/issues.ts';
import { runResult } from '../../support/fixtures/results.ts';
import { testRunner } from '../../support/run/test-runner.ts';

const URL_OF_PULL = 'https://github.com/octo/meta/pull/12';

function inputsOf(images: string, given: Record<string, string> = {}): Inputs {
  const body = issueBody(images, { list: true });
  const all = { request: 'true', engine: 'registry', 'images-file': 'images.txt', ...given };
  // The list is read by loadInputs alone: a request does not mirror it.
  return parseTestInputs(all, onIssue(labeled(body)));
}

const answer = (name: string, state: Answer['state'] = 'mirrored'): Answer => ({
  line: `docker.io/library/${name}`,
  reference: '1',
  repository: 'docker.io/gcrxio/x',
  state,
  digest: digest(1),
});

interface World {
  readonly comments: string[];
  readonly changes: ListChange[];
  readonly deps: Deps;
}

function world({ unwritten, refused }: { unwritten?: string; refused?: string } = {}): World {
  const comments: string[] = [];
  const changes: ListChange[] = [];
  const keepComment = async (_: unknown, { body }: Comment): Promise<string | undefined> => {
    comments.push(body);
    return Promise.resolve(unwritten);
  };
  const propose = async (_: unknown, change: ListChange): Promise<string | undefined> => {
    if (refused !== undefined) throw new Error(refused);
    changes.push(change);
    return Promise.resolve(change.update('') === undefined ? undefined : URL_OF_PULL);
  };
  return {
    comments,
    changes,
    deps: { ...testDeps(), comments: { keepComment }, listProposals: { propose } },
  };
}

const resultOf = (...answers: Answer[]): ReturnType<typeof runResult> => runResult({ answers });

describe('answerRequest', () => {
  it('proposes what was mirrored, closes the issue with it, and links to it', async () => {
    const { comments, changes, deps } = world();
    await answerRequest(
      inputsOf('a:1\nb:1'),
      resultOf(answer('a:1'), answer('b:1', 'present')),
      deps,
      testRunner(),
    );
    expect(changes).toMatchObject([
      {
        path: 'images.txt',
        title: 'Add images of request #7 to the list',
        body: expect.stringMatching(/Closes #7\.\n$/),
      },
    ]);
    expect(changes[0]?.update('# ours\n')).toBe('# ours\ndocker.io/library/a:1\ndocker.io/library/b:1\n');
    expect(comments).toEqual([expect.stringContaining(URL_OF_PULL)]);
  });

  it('neither proposes what failed nor closes the issue then', async () => {
    const { changes, deps } = world();
    await answerRequest(
      inputsOf('a:1\nb:1'),
      resultOf(answer('a:1'), answer('b:1', 'failed')),
      deps,
      testRunner(),
    );
    expect(changes[0]?.update('')).toBe('docker.io/library/a:1\n');
    expect(changes[0]?.body).toMatch(/Part of #7\.\n$/);
  });

  it.each<[string, Record<string, string>, Answer['state']]>([
    ['nothing was mirrored', {}, 'failed'],
    ['it is a dry run', { 'dry-run': 'true' }, 'planned'],
    ['there is no list', { 'images-file': '' }, 'mirrored'],
  ])('proposes nothing when %s', async (_, given, state) => {
    const { comments, changes, deps } = world();
    await answerRequest(inputsOf('a:1', given), resultOf(answer('a:1', state)), deps, testRunner());
    expect(changes).toEqual([]);
    expect(comments).toHaveLength(1);
  });

  it('warns, and answers, when the proposal or the comment is refused', async () => {
    const runner = testRunner();
    const { comments, deps } = world({ refused: 'allow it', unwritten: 'no permission' });
    await answerRequest(inputsOf('a:1'), resultOf(answer('a:1')), deps, runner);
    expect(comments).toEqual([expect.stringContaining('could not be proposed for the list: allow it')]);
    expect(runner.messages).toEqual([
      'The requested images could not be proposed for the list: allow it',
      'no permission',
    ]);
    expect(runner.calls).toEqual(['warning', 'warning', 'summary']);
  });
});

describe('a request with mistakes', () => {
  it('is answered with each of them, and fails the job', async () => {
    const { comments, deps } = world();
    const runner = testRunner();
    const failure = await refuseRequest(inputsOf('???\n--privileged'), deps, runner);
    expect(runner.messages).toEqual([failure]);
    expect(failure).toMatch(/^The request of issue #7 can't be mirrored:\n- line 1: .*\n- line 2: .*$/);
    expect(comments).toEqual([
      expect.stringMatching(/\*\*Nothing was mirrored\.\*\*\n\n- line 1: .*\n- line 2: /),
    ]);
  });

  it('is none of a run without mistakes, or without a request', async () => {
    const { comments, deps } = world();
    expect(await refuseRequest(inputsOf('a:1'), deps, testRunner())).toBeUndefined();
    expect(await refuseRequest(parseTestInputs({}), deps, testRunner())).toBeUndefined();
    await answerBrokenOff(parseTestInputs({}), new Error('x'), deps, testRunner());
    expect(comments).toEqual([]);
  });
});

it('answers a run that broke off', async () => {
  const { comments, deps } = world();
  await answerBrokenOff(inputsOf('a:1'), new Error('octo/meta is gone'), deps, testRunner());
  expect(comments).toEqual([
    expect.stringContaining('**The run broke off before it was done:** octo/meta is gone'),
  ]);
});
