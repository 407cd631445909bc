import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Comments } from '../../../src/github/comments.ts';
import type { Comment, CommentPlace } from '../../../src/mirror/comment.ts';
import { type CommentApi, startCommentApi } from '../../support/github/comment-api.ts';

let api: CommentApi;
beforeEach(async () => {
  api = await startCommentApi();
});
afterEach(async () => {
  await api.close();
});

/** The pull request as job number `job` of a matrix sees it. */
function pullRequest(job: number, run = 1): CommentPlace {
  const part = { key: job.toString(16).padStart(16, '0'), title: `job ${job}`, run };
  return { kind: 'pull request', owner: 'octo', repo: 'here', number: 7, step: 'step', part };
}

/** Without a matrix. */
function alone(run = 1): CommentPlace {
  const place = pullRequest(0, run);
  return { ...place, part: { ...place.part, title: '' } };
}

const news = (body: string): Comment => ({ body, isNews: true });
const NOTHING: Comment = { body: 'Nothing to mirror', isNews: false };

/** Keeps a comment; a second of waiting takes `msPerSecond`. */
async function keep(place: CommentPlace, comment: Comment, msPerSecond = 0): Promise<string | undefined> {
  const sleep = async (ms: number): Promise<void> => delay((ms / 1000) * msPerSecond);
  return new Comments({ octokit: api.octokit, sleep, random: Math.random }).keepComment(place, comment);
}

const bodies = (): string[] => Array.from(api.comments.values());

describe('the comment of a job without a matrix', () => {
  it('is written once and updated, with one write each', async () => {
    expect(await keep(alone(), news('first'))).toBeUndefined();
    expect(await keep(alone(), news('second'))).toBeUndefined();
    expect(await keep(alone(), news('second'))).toBeUndefined();
    expect(api.writes).toEqual(['POST', 'PATCH']);
    expect(bodies()).toEqual([expect.stringMatching(/second\s*$/)]);
  });

  it('is not started for nothing, and says when there is nothing to do any more', async () => {
    await keep(alone(), NOTHING);
    expect(bodies()).toEqual([]);
    await keep(alone(), news('something'));
    await keep(alone(2), NOTHING);
    expect(bodies()).toEqual([expect.stringContaining('Nothing to mirror')]);
    expect(bodies()[0]).not.toContain('something');
  });

  it('is left alone by an earlier run that ends later', async () => {
    await keep(alone(2), news('new'));
    await keep(alone(1), news('old'));
    expect(bodies()).toEqual([expect.stringContaining('new')]);
    expect(bodies()[0]).not.toContain('old');
  });
});

describe('the comment of a matrix', () => {
  it('has the part of each job, in order, with its title', async () => {
    for (const job of [10, 2, 1]) await keep(pullRequest(job), news(`body of ${job}`));
    expect(bodies()).toHaveLength(1);
    expect(bodies()[0]?.match(/^(?:### `job \d+`|body of \d+)$/gm)).toEqual([
      '### `job 1`',
      'body of 1',
      '### `job 2`',
      'body of 2',
      '### `job 10`',
      'body of 10',
    ]);
  });

  it('keeps the parts of other jobs when one is updated', async () => {
    await keep(pullRequest(1), news('one'));
    await keep(pullRequest(2), news('two'));
    await keep(pullRequest(1), news('one again'));
    expect(bodies()[0]).toMatch(/one again[\s\S]*two/);
  });

  it('drops the parts of earlier runs, and has none for jobs with nothing to do', async () => {
    await keep(pullRequest(1), news('one'));
    await keep(pullRequest(2), news('two'));
    await keep(pullRequest(1, 2), NOTHING);
    await keep(pullRequest(2, 2), NOTHING);
    expect(bodies()).toHaveLength(1);
    expect(bodies()[0]).toContain('Nothing to mirror');
    expect(bodies()[0]).not.toMatch(/one|two|job 2/);
  });

  it.each([
    ['POST', 20],
    ['PATCH', 20],
  ])(
    'has all parts of %s jobs that write at the same time, after a first %s',
    async (method, jobs) => {
      api.latency = () => 1 + Math.random() * 3;
      if (method === 'PATCH') await keep(pullRequest(0), news('body of 0'));
      const numbers = Array.from({ length: jobs }, (_, index) => index + 1);
      const problems = await Promise.all(
        numbers.map(async (job) => keep(pullRequest(job), news(`body of ${job}.`), 100)),
      );
      expect(new Set(problems)).toEqual(new Set([undefined]));
      expect(bodies()).toHaveLength(1);
      for (const job of numbers) expect(bodies()[0]).toContain(`body of ${job}.`);
    },
    30_000,
  );
});

describe('a write that fails', () => {
  it.each([
    [502, 'Server Error'],
    [403, 'You have exceeded a secondary rate limit'],
    [429, 'Too Many Requests'],
  ])('with %s is tried again', async (status, message) => {
    let failures = 1;
    api.refuse = (method) => (method === 'POST' && failures-- > 0 ? { status, message } : undefined);
    expect(await keep(alone(), news('text'))).toBeUndefined();
    expect(bodies()).toHaveLength(1);
  });

  it('for lack of permission is reported with the remedy, at once', async () => {
    let posts = 0;
    api.refuse = (method) => {
      if (method !== 'POST') return undefined;
      posts += 1;
      return { status: 403, message: 'Resource not accessible by integration' };
    };
    expect(await keep(alone(), news('text'))).toMatch(
      /#7; the job summary.*"permissions: pull-requests: write"/,
    );
    expect(posts).toBe(1);
  });
});
