import { describe, expect, it } from 'vitest';
import { renderComment } from '../../../src/report/comment.ts';
import { copied, failure, namespaceResult, runResult } from '../../support/fixtures/results.ts';

describe('renderComment', () => {
  it('shows the summary', () => {
    const namespaces = [namespaceResult({ copied: [copied('base', { added: ['v1'] })], section: '## now' })];
    const { body, isNews } = renderComment(runResult({ dryRun: true, namespaces }));
    expect(isNews).toBe(true);
    expect(body).toContain('## 🔍 Dry run: 1 tag would be added');
    expect(body).toContain('| [base](https://hub.docker.com/r/gcrxio/base) | `v1` |');
    expect(body).toContain('````markdown\n## now\n````');
  });

  it('stays below the size limit of a comment', () => {
    const many = Array.from({ length: 5000 }, (_, index) =>
      copied(`image-${index}`, { added: ['v1', 'v2'] }),
    );
    const { body } = renderComment(
      runResult({ dryRun: true, namespaces: [namespaceResult({ copied: many })] }),
    );
    expect(body.length).toBeGreaterThan(50_000);
    expect(body.length).toBeLessThan(65_000);
    expect(body).toMatch(/more lines did not fit/);
  });

  it('is not news when there is nothing to do', () => {
    const { body, isNews } = renderComment(
      runResult({ dryRun: true, namespaces: [namespaceResult({ unchanged: 9 })] }),
    );
    expect([isNews, body]).toEqual([
      false,
      'Nothing to mirror: the record is up to date with the sources.\n',
    ]);
  });

  it('is news when a source can not be listed', () => {
    const namespaces = [namespaceResult({ failures: [failure('', [], 'is down')] })];
    expect(renderComment(runResult({ dryRun: true, namespaces })).isNews).toBe(true);
  });
});
