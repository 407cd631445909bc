import { describe, expect, it } from 'vitest';
import { SIGNED_COMMITS_REMEDY, remedyForRead, remedyForWrite } from '../../../src/github/remedy.ts';

describe('remedyForWrite', () => {
  it.each([
    [409, 'Commits must have valid signatures', SIGNED_COMMITS_REMEDY],
    [409, 'Changes must be made through a pull request', /protected.*bypass.*"metadata-branch"/],
    [422, 'Invalid request', /does not accept/],
    [404, 'Branch x not found', /branch does not exist.*"metadata-branch"/],
    [404, 'Not Found', /can't see it.*"github-token".*contents: write/],
    [403, 'Repository was archived so is read-only', /archived.*"metadata-repository"/],
    [403, 'Resource not accessible by integration', /"permissions: contents: write"/],
    [401, 'Bad credentials', /not valid, or has expired/],
  ])('names the remedy for status %d, %s', (status, message, remedy) => {
    expect(remedyForWrite(status, message)).toMatch(remedy);
  });
});

describe('remedyForRead', () => {
  it.each([
    [403, 'anything', /lacks the permission/],
    [401, 'Bad credentials', /not valid, or has expired/],
    [404, 'Not Found', /can't see it.*"metadata-repository"/],
    [451, 'Unavailable', /run again later/],
  ])('names the remedy for status %d, %s', (status, message, remedy) => {
    expect(remedyForRead(status, message)).toMatch(remedy);
  });
});
