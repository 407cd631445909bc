import { describe, expect, it } from 'vitest';
import { NOTHING_FILTERED_OUT } from '../../../src/mirror/filters.ts';
import { renderJsonReport } from '../../../src/report/json-report.ts';
import { copied, failure, gone, namespaceResult, runResult } from '../../support/fixtures/results.ts';

const namespaces = [
  namespaceResult({
    copied: [copied('base', { added: ['v1', 'v2'], updated: ['latest'], bytes: 1000 })],
    failures: [failure('static', ['debug'], 'a "quoted"\nreason \u2028 of <b>two</b> lines')],
    unsupported: [{ image: 'old', tags: ['v0'] }],
    unchanged: 5,
    gone: gone(6),
    pending: 7,
    adopted: 8,
    filteredOut: { ...NOTHING_FILTERED_OUT, exclude: 9 },
  }),
  namespaceResult({ namespace: 'quay.io/coreos', unchanged: 10 }),
];

describe('renderJsonReport', () => {
  it('contains the whole result, its times in UTC and its totals', () => {
    const result = runResult({
      dryRun: true,
      namespaces,
      errors: ['CHANGELOG.md could not be written'],
      warnings: ['odd'],
    });
    const report: unknown = JSON.parse(renderJsonReport(result));
    expect(report).toEqual({
      version: 1,
      mode: 'sync',
      dryRun: true,
      started: '2026-11-24T12:30:00.000Z',
      finished: '2026-11-24T12:31:30.000Z',
      complete: false,
      changed: true,
      counts: {
        added: 2,
        updated: 1,
        unchanged: 15,
        failed: 1,
        pending: 7,
        gone: 6,
        bytes: 1000,
        referrers: 0,
      },
      warnings: ['odd'],
      stopped: [],
      unrecorded: [],
      records: [],
      errors: ['CHANGELOG.md could not be written'],
      namespaces,
    });
  });

  it('is complete and unchanged when there was nothing to do', () => {
    const report: unknown = JSON.parse(renderJsonReport(runResult()));
    expect(report).toMatchObject({
      complete: true,
      changed: false,
      dryRun: false,
      errors: [],
      namespaces: [],
    });
  });

  it('is indented and ends with a newline, so that people can read it', () => {
    expect(renderJsonReport(runResult())).toMatch(/^\{\n {2}"version": 1,\n[^]*\n\}\n$/);
  });
});
