import { describe, expect, it } from 'vitest';
import type { CommentPlace } from '../../../src/mirror/comment.ts';
import { inputProblems, parseTestInputs } from '../../support/fixtures/inputs.ts';

describe('a pull request', () => {
  const event = { pull_request: { number: 7 } };
  const env = { GITHUB_REPOSITORY: 'octo/here', GITHUB_WORKFLOW: 'w', GITHUB_JOB: 'j', GITHUB_ACTION: 'a' };
  const context = { eventName: 'pull_request', event, env };

  it('gets a comment from a dry run', () => {
    expect(parseTestInputs({}, context)).toMatchObject({
      dryRun: true,
      comment: { owner: 'octo', repo: 'here', number: 7 },
    });
  });

  it.each([
    ['comment is false', { comment: 'false' }, context],
    ['it is not a dry run', { 'dry-run': 'false' }, context],
    ['the event is not about a pull request', {}, { ...context, event: { issue: { number: 7 } } }],
    ['the number is not a number', {}, { ...context, event: { pull_request: { number: '7/../8' } } }],
    ['the repository is unknown', {}, { ...context, env: {} }],
  ])('gets no comment when %s', (_, given, context) => {
    expect(parseTestInputs(given, context)).not.toHaveProperty('comment');
  });

  const matrixJob = (matrix: unknown, given: Record<string, string> = {}): CommentPlace | undefined =>
    parseTestInputs({ 'job-matrix': JSON.stringify(matrix, null, 2), ...given }, context).comment;

  it('has one comment for each step, which all jobs of a matrix share', () => {
    const { comment } = parseTestInputs({}, context);
    const other = { ...context, env: { ...env, GITHUB_ACTION: 'b' } };
    expect(parseTestInputs({}, other).comment?.step).not.toBe(comment?.step);
    expect(parseTestInputs({ namespaces: 'quay.io/other' }, context).comment?.step).toBe(comment?.step);
    expect(matrixJob({ namespace: 'gcr.io/a' })?.step).toBe(comment?.step);
    expect(parseTestInputs({ 'shard-total': '2' }, context).comment?.step).toBe(comment?.step);
  });

  it('has a part of the comment for each job of a matrix', () => {
    const parts = [
      parseTestInputs({}, context).comment,
      parseTestInputs({ 'shard-total': '2' }, context).comment,
      parseTestInputs({ 'shard-total': '2', 'shard-index': '1' }, context).comment,
      matrixJob({ namespace: 'gcr.io/a' }),
      matrixJob({ namespace: 'gcr.io/b' }),
    ].map((comment) => comment?.part.key);
    expect(new Set(parts).size).toBe(5);
    expect(matrixJob({ namespace: 'gcr.io/a' })?.part.key).toBe(parts[3]);
  });

  it.each([
    [
      { namespace: 'gcr.io/a\nquay.io/b', images: 'x'.repeat(5000), part: '1/2', tags: 5 },
      'gcr.io/a, quay.io/b, 1/2',
    ],
    [{ source: 'gcr.io/a', registry: 'docker.io', dry: true, n: 3 }, 'gcr.io/a, docker.io, true, 3'],
    [{ one: { source: 'gcr.io/a' } }, '{"source":"gcr.io/a"}'],
    [{}, ''],
    [null, ''],
  ])('names the part of a job by its matrix: %j', (matrix, title) => {
    expect(matrixJob(matrix)?.part.title).toBe(title);
  });

  it('names the part of a job without a matrix by its shard', () => {
    expect(matrixJob(null, { 'shard-index': '3', 'shard-total': '5' })?.part.title).toBe('shard 3 of 5');
  });

  it.each(['', 'null', '${{ toJSON(matrix) }}', '[1]'])('has one part if the matrix is %j', (matrix) => {
    expect(parseTestInputs({ 'job-matrix': matrix }, context).comment?.part.title).toBe('');
  });

  it('has the number of the run, by which a later run is known', () => {
    const later = { ...context, env: { ...env, GITHUB_RUN_ID: '12345678901' } };
    expect(parseTestInputs({}, later).comment?.part.run).toBe(12_345_678_901);
    expect(parseTestInputs({}, context).comment?.part.run).toBe(0);
  });

  it('needs no password, because a fork has no secrets', () => {
    const given = { username: 'mirror', password: '', 'source-username': 'reader' };
    expect(parseTestInputs(given, context).credentials).toEqual({ source: undefined, target: undefined });
    expect(inputProblems(given)).toContain('password: is required when username is set');
  });
});
