import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readReportedRecord, reportedRecord } from '../../../src/record/reported-record.ts';
import type { ReportedRecord } from '../../../src/report/result.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { recorded } from '../../support/fixtures/listings.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';
import { flatten, images, unloggedTags } from '../../support/fixtures/recorded-images.ts';

const TEMPLATE = '{registry}/{namespace}.json';

describe('readReportedRecord', () => {
  it('returns what reportedRecord wrote', () => {
    fc.assert(
      fc.property(images, images, unloggedTags, (entries, removed, unlogged) => {
        const record = reportedRecord(namespacePlan(), { entries, removed, unlogged });
        expect(record === undefined).toBe(entries.size + removed.size + unlogged.size === 0);
        if (!record) return;
        const read = readReportedRecord(record, TEMPLATE);
        expect([read.path, read.source, read.target]).toEqual([
          'gcr.io/ns.json',
          'gcr.io/ns',
          'docker.io/mirror',
        ]);
        expect(flatten(read.addition.images)).toEqual(flatten(entries));
        expect(flatten(read.removed)).toEqual(flatten(removed));
      }),
    );
  });

  const record = reportedRecord(namespacePlan(), {
    entries: recorded({ a: { v1: digest(1) } }),
  });

  it.each<[string, Partial<ReportedRecord>, RegExp]>([
    [
      'another path than manifest-path gives',
      { path: '.github/workflows/x.yml' },
      /"manifest-path" gives gcr\.io\/ns\.json/,
    ],
    ['a source that is none', { source: 'gcr.io/ns/../x' }, /is not a registry and path/],
    ['a target that is none', { target: 'x' }, /is not a registry and path/],
    [
      'another source than its manifest',
      { source: 'gcr.io/other', path: 'gcr.io/other.json' },
      /gcr\.io\/ns/,
    ],
    ['an addition that is no manifest', { addition: '{}' }, /./],
    ['a removal that is no manifest', { removal: 'x' }, /./],
  ])('refuses %s', (_, change, problem) => {
    if (!record) throw new Error('There is no record');
    expect(() => readReportedRecord({ ...record, ...change }, TEMPLATE)).toThrow(problem);
  });
});
