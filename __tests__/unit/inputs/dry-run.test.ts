import { describe, expect, it } from 'vitest';
import { inputProblems, parseTestInputs } from '../../support/fixtures/inputs.ts';

const PULL_REQUEST = { eventName: 'pull_request' };

describe('dry-run: false on a pull request', () => {
  const NEEDS_SECRETS = /^dry-run: "false" needs secrets, and a pull request from a fork/;

  it.each([
    [{ username: 'me', password: '' }],
    [{ 'source-username': 'me', 'source-password': '' }],
    [{ 'github-token': '', 'workflow-token': 'read-only' }],
  ])('is the one problem where secrets are missing: %j', (given) => {
    expect(inputProblems({ ...given, 'dry-run': 'false' }, PULL_REQUEST)).toMatch(NEEDS_SECRETS);
  });

  it('is accepted where no secret is missing', () => {
    const given = { username: 'me', password: 'pass', 'dry-run': 'false' };
    expect(parseTestInputs(given, PULL_REQUEST).dryRun).toBe(false);
  });

  it('blames the secret on other events', () => {
    expect(inputProblems({ username: 'me', 'dry-run': 'false' })).toBe(
      'password: is required when username is set: check that the secret exists',
    );
  });
});
