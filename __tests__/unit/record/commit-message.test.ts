import { describe, expect, it } from 'vitest';
import { commitMessageOf } from '../../../src/record/commit-message.ts';
import { copied, namespaceResult } from '../../support/fixtures/results.ts';

const result = namespaceResult({ copied: [copied('a', { added: ['v1', 'v2'], updated: ['v3'] })] });

describe('commitMessageOf', () => {
  it('names the namespace, or the number of namespaces', () => {
    expect(commitMessageOf([result])).toBe('Mirror gcr.io/distroless: 2 added, 1 updated');
    expect(commitMessageOf([result, result])).toBe('Mirror 2 namespaces: 4 added, 2 updated');
  });

  it('counts what was adopted and removed, where there is any', () => {
    expect(commitMessageOf([namespaceResult({ adopted: 4 })], 5)).toBe(
      'Mirror gcr.io/distroless: 0 added, 0 updated, 4 adopted, 5 removed',
    );
  });
});
