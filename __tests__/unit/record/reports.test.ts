import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { mergeReports, readReport } from '../../../src/record/reports.ts';
import { reportedRecord } from '../../../src/record/reported-record.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { plainEntries, recorded } from '../../support/fixtures/listings.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';

const TEMPLATE = '{registry}/{namespace}.json';

/** The report of a job that added one tag of the image `image`. */
function reportOf(image: string, change: Record<string, unknown> = {}): string {
  const record = reportedRecord(namespacePlan(), {
    entries: recorded({ [image]: { v1: digest(1) } }),
  });
  const copied = {
    image,
    target: `docker.io/mirror/${image}`,
    digest: digest(1),
    added: ['v1'],
    updated: [],
    bytes: 7,
  };
  const namespaces = [{ namespace: 'gcr.io/ns', target: 'docker.io/mirror', copied: [copied] }];
  return JSON.stringify({ version: 1, dryRun: false, records: [record], namespaces, ...change });
}

const read = (text: string): ReturnType<typeof readReport> =>
  readReport({ name: 'job-1/report.json', text }, TEMPLATE);

describe('readReport', () => {
  it('returns the records, and what was copied', () => {
    const { records, copied } = read(reportOf('a'));
    expect(records.map(({ addition }) => plainEntries(addition.images))).toEqual([{ a: { v1: digest(1) } }]);
    expect(copied.map(({ namespace }) => namespace)).toEqual(['gcr.io/ns']);
  });

  it('returns nothing of a dry run', () => {
    expect(read(reportOf('a', { dryRun: true }))).toEqual({ records: [], copied: [] });
  });

  it.each([
    ['no JSON', 'x', /job-1\/report\.json can't be used, and nothing of it was recorded/],
    ['another version', reportOf('a', { version: 2 }), /version: /],
    ['no records', reportOf('a', { records: undefined }), /records: /],
    ['copies without a record', reportOf('a', { records: [] }), /it has no entry for gcr\.io\/ns\/a:v1/],
  ])('refuses a report with %s', (_, text, problem) => {
    expect(() => read(text)).toThrow(problem);
  });

  it.each(['../x', 'A', 'a b'])('refuses an image with the name %s', (image) => {
    const report = v.parse(
      v.looseObject({ namespaces: v.array(v.looseObject({ copied: v.unknown() })) }),
      JSON.parse(reportOf('a')),
    );
    const copied = [{ image, target: 't', digest: digest(1), added: [], updated: [], bytes: 0 }];
    const text = JSON.stringify({ ...report, namespaces: [{ ...report.namespaces[0], copied }] });
    expect(() => read(text)).toThrow(/namespaces\.0\.copied\.0\.image: is not the name of an image/);
  });
});

describe('mergeReports', () => {
  it('merges the reports of all jobs into one change for each manifest', () => {
    const merged = mergeReports([
      read(reportOf('a')),
      read(reportOf('b')),
      read(reportOf('a', { dryRun: true })),
    ]);
    expect(merged).toHaveLength(1);
    const [change] = merged;
    expect(change?.plan.recordPath).toBe('gcr.io/ns.json');
    expect(plainEntries(change?.entries ?? new Map())).toEqual({
      a: { v1: digest(1) },
      b: { v1: digest(1) },
    });
    expect(change?.result.copied.map(({ image }) => image)).toEqual(['a', 'b']);
    expect(Array.from(change?.unlogged?.keys() ?? [])).toEqual(['a', 'b']);
  });

  it('keeps sources apart whose manifests have one path, so that the second is refused', () => {
    const [gcr, quay] = ['gcr.io', 'quay.io'].map((registry) => {
      const text = reportOf('a').replaceAll('gcr.io', registry).replaceAll(`${registry}/ns.json`, 'ns.json');
      return readReport({ name: 'report.json', text }, '{namespace}.json');
    });
    if (!gcr || !quay) throw new Error('There are two reports');
    const merged = mergeReports([gcr, quay]);
    expect(merged.map(({ plan }) => [plan.recordPath, plan.recorded.source])).toEqual([
      ['ns.json', 'gcr.io/ns'],
      ['ns.json', 'quay.io/ns'],
    ]);
    expect(merged.map(({ result }) => result.copied.length)).toEqual([1, 1]);
  });

  it('does not depend on which job reports first', () => {
    const [a, b] = [read(reportOf('a')), read(reportOf('b'))];
    const entriesOf = (order: (typeof a)[]): unknown =>
      mergeReports(order).map(({ entries }) => plainEntries(entries));
    expect(entriesOf([b, a])).toEqual(entriesOf([a, b]));
  });
});
