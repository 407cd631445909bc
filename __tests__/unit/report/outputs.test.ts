import { describe, expect, it } from 'vitest';
import { NOTHING_FILTERED_OUT } from '../../../src/mirror/filters.ts';
import type { NamespaceResult } from '../../../src/mirror/result.ts';
import { SAFE_OUTPUTS, isChanged, isComplete, outputsOf } from '../../../src/report/outputs.ts';
import { copied, failure, gone, namespaceResult, runResult } from '../../support/fixtures/results.ts';

const one = (given: Partial<NamespaceResult>) => runResult({ namespaces: [namespaceResult(given)] });

describe('outputsOf', () => {
  it('adds up the tags of all namespaces', () => {
    const namespaces = [
      namespaceResult({
        copied: [
          copied('base', { added: ['v1', 'v2'], updated: ['latest'], bytes: 1000 }),
          copied('static', { updated: ['latest', 'debug'], bytes: 20 }),
        ],
        failures: [failure('cc', ['v1', 'v2', 'v3']), failure('java', [])],
        unchanged: 7,
        pending: 11,
        gone: gone(13),
      }),
      namespaceResult({
        copied: [copied('etcd', { added: ['3.5'], bytes: 300 })],
        failures: [failure('', [])],
        unchanged: 100,
        pending: 200,
        gone: gone(300),
        adopted: 5,
        filteredOut: { ...NOTHING_FILTERED_OUT, exclude: 6 },
        unsupported: [{ image: 'old', tags: ['v0'] }],
      }),
    ];
    expect(outputsOf(runResult({ namespaces }), '/tmp/report.json')).toEqual({
      complete: 'false',
      changed: 'true',
      added: '3',
      updated: '3',
      unchanged: '107',
      // Three tags, a repository that could not be listed, and a namespace.
      failed: '5',
      pending: '211',
      gone: '313',
      matrix: '{"include":[]}',
      bytes: '1320',
      report: '/tmp/report.json',
    });
  });

  it('sets the same outputs as before the work', () => {
    expect(Object.keys(outputsOf(runResult(), 'r'))).toEqual(Object.keys(SAFE_OUTPUTS));
  });

  it('writes large numbers as plain digits, which expressions can compare', () => {
    const result = one({ copied: [copied('base', { bytes: 123_456_789_012 })], unchanged: 129_378 });
    expect(outputsOf(result, '')).toMatchObject({ bytes: '123456789012', unchanged: '129378' });
  });
});

describe('referrers', () => {
  it('count as a change and with their bytes, but not as tags', () => {
    const result = one({ referrers: 3, referrerBytes: 500 });
    expect(outputsOf(result, '')).toMatchObject({
      changed: 'true',
      complete: 'true',
      added: '0',
      bytes: '500',
    });
  });

  it('make the run incomplete when they were not checked', () => {
    expect(isComplete(one({ referrersUnchecked: 1 }))).toBe(false);
    expect(isChanged(one({ referrersUnchecked: 1 }))).toBe(false);
  });
});

describe('SAFE_OUTPUTS', () => {
  it('claims neither completeness nor changes', () => {
    const { complete, changed, matrix, report, ...counts } = SAFE_OUTPUTS;
    expect([complete, changed, matrix, report]).toEqual(['false', 'false', '{"include":[]}', '']);
    expect(new Set(Object.values(counts))).toEqual(new Set(['0']));
  });
});

describe('isComplete', () => {
  it.each([
    ['there is nothing to do', one({ unchanged: 3 }), true],
    [
      'tags are removed from the source, filtered out or unsupported',
      one({
        gone: gone(1),
        filteredOut: { ...NOTHING_FILTERED_OUT, semver: 1 },
        unsupported: [{ image: 'a', tags: ['v'] }],
      }),
      true,
    ],
    ['a tag failed', one({ failures: [failure('base', ['v1'])] }), false],
    ['a repository could not be listed', one({ failures: [failure('base', [])] }), false],
    ['a tag is left to the next run', one({ pending: 1 }), false],
    ['the run itself has an error', runResult({ errors: ['CHANGELOG.md could not be written'] }), false],
  ])('is decided when %s', (_, result, complete) => {
    expect(isComplete(result)).toBe(complete);
    expect(outputsOf(result, '').complete).toBe(String(complete));
  });

  it('depends on all namespaces', () => {
    const namespaces = [namespaceResult(), namespaceResult({ pending: 1 }), namespaceResult()];
    expect(isComplete(runResult({ namespaces }))).toBe(false);
  });
});

describe('isChanged', () => {
  it.each([
    ['there is nothing to do', one({ unchanged: 3 }), false],
    ['all failed', one({ failures: [failure('base', ['v1'])], pending: 2, gone: gone(3) }), false],
    ['an image was copied', one({ copied: [copied('base', { updated: ['latest'] })] }), true],
    ['an image would be copied', { ...one({ copied: [copied('base')] }), dryRun: true }, true],
    ['a tag was adopted', one({ adopted: 1 }), true],
  ])('is decided when %s', (_, result, changed) => {
    expect(isChanged(result)).toBe(changed);
    expect(outputsOf(result, '').changed).toBe(String(changed));
  });
});
