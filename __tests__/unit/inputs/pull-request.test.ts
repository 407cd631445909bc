import { describe, expect, it } from 'vitest';
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

  it('has one comment for each step and part', () => {
    const steps = [
      parseTestInputs({}, context),
      parseTestInputs({}, { ...context, env: { ...env, GITHUB_ACTION: 'b' } }),
      parseTestInputs({ 'shard-total': '2' }, context),
      parseTestInputs({ 'shard-total': '2', 'shard-index': '1' }, context),
    ].map(({ comment }) => comment?.step);
    expect(new Set(steps).size).toBe(4);
    expect(parseTestInputs({ namespaces: 'quay.io/other' }, context).comment?.step).toBe(steps[0]);
  });

  it('needs no password, because a fork has no secrets', () => {
    const given = { username: 'mirror', password: '', 'source-username': 'reader' };
    expect(parseTestInputs(given, context).credentials).toEqual({ source: undefined, target: undefined });
    expect(inputProblems(given)).toContain('password: is required when username is set');
  });
});
