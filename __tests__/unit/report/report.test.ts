import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { annotate } from '../../../src/report/annotations.ts';
import { formatBytes, formatDuration } from '../../../src/report/format.ts';
import { renderJsonReport } from '../../../src/report/json-report.ts';
import { isChanged, isComplete, outputsOf } from '../../../src/report/outputs.ts';
import { Progress } from '../../../src/report/progress.ts';
import { type NamespaceResult, type RunResult, countAll } from '../../../src/report/result.ts';
import { renderSummary } from '../../../src/report/summary.ts';
import { digest } from '../../support/digests.ts';

const NAMESPACE: NamespaceResult = {
  namespace: 'gcr.io/ns',
  target: 'docker.io/mirror',
  copied: [
    {
      image: 'base',
      target: 'docker.io/mirror/base',
      digest: digest(1),
      added: ['v1', 'v2'],
      updated: ['latest'],
      bytes: 1_200_000,
    },
  ],
  failures: [{ image: 'bad', tags: ['x', 'y'], reason: 'denied' }],
  unsupported: [{ image: 'old', tags: ['ancient'] }],
  unchanged: 7,
  gone: 1,
  pending: 4,
  settled: 0,
  filtered: 3,
};

function result(namespaces: readonly NamespaceResult[], more: Partial<RunResult> = {}): RunResult {
  const [started, finished] = [new Date('2026-11-24T12:00:00Z'), new Date('2026-11-24T12:01:30Z')];
  return { mode: 'sync', dryRun: false, started, finished, namespaces, errors: [], ...more };
}

const QUIET: NamespaceResult = { ...NAMESPACE, copied: [], failures: [], unsupported: [], pending: 0 };

describe('format', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1_234_567, '1.2 MB'],
    [999_999_999, '1000 MB'],
    [4.8e12, '4.8 TB'],
  ])('%d bytes', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
  it.each([
    [400, '0 s'],
    [12_000, '12 s'],
    [240_000, '4 min'],
    [4_320_000, '1 h 12 min'],
  ])('%d ms', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('counts and outputs', () => {
  it('count tags, and a repository that could not be listed as one', () => {
    const failures = [...NAMESPACE.failures, { image: 'unlisted', tags: [], reason: 'down' }];
    expect(countAll([{ ...NAMESPACE, failures }, QUIET])).toEqual({
      added: 2,
      updated: 1,
      unchanged: 14,
      failed: 3,
      pending: 4,
      gone: 2,
      bytes: 1_200_000,
    });
  });

  it('are complete only when nothing failed, is pending or went wrong', () => {
    expect(isComplete(result([QUIET]))).toBe(true);
    expect(isComplete(result([{ ...QUIET, pending: 1 }]))).toBe(false);
    expect(isComplete(result([{ ...QUIET, failures: NAMESPACE.failures }]))).toBe(false);
    expect(isComplete(result([QUIET], { errors: ['no changelog'] }))).toBe(false);
  });

  it('are changed by copies and settled tags', () => {
    expect(isChanged(result([QUIET]))).toBe(false);
    expect(isChanged(result([{ ...QUIET, settled: 1 }]))).toBe(true);
    expect(isChanged(result([NAMESPACE]))).toBe(true);
  });

  it('are all strings', () => {
    expect(outputsOf(result([NAMESPACE]), '/tmp/r.json')).toEqual({
      complete: 'false',
      changed: 'true',
      added: '2',
      updated: '1',
      unchanged: '7',
      failed: '2',
      pending: '4',
      gone: '1',
      bytes: '1200000',
      report: '/tmp/r.json',
    });
  });

  it('stand in the JSON report with everything else', () => {
    expect(JSON.parse(renderJsonReport(result([NAMESPACE])))).toMatchObject({
      version: 1,
      started: '2026-11-24T12:00:00.000Z',
      complete: false,
      counts: { added: 2 },
      namespaces: [{ namespace: 'gcr.io/ns' }],
    });
  });
});

describe('annotations', () => {
  it('tell the totals first, then the errors, then the failures', () => {
    const [total, error, failure, warning] = annotate(result([NAMESPACE], { errors: ['no changelog'] }));
    expect(total).toEqual({ level: 'error', message: '2 tags could not be mirrored: 2 in gcr.io/ns' });
    expect(error?.message).toBe('no changelog');
    expect(failure?.message).toBe('gcr.io/ns/bad:x, y: denied');
    expect(warning).toMatchObject({ level: 'warning', message: expect.stringContaining('gcr.io/ns/old') });
  });

  it('are at most ten of a type, and of 4,096 characters', () => {
    const failures = Array.from({ length: 50 }, (_, number) => ({
      image: `i${number}`,
      tags: ['t'],
      reason: 'x'.repeat(9000),
    }));
    const all = annotate(result([{ ...NAMESPACE, failures }]));
    expect(all.filter(({ level }) => level === 'error')).toHaveLength(10);
    expect(Math.max(...all.map(({ message }) => message.length))).toBe(4096);
  });

  it('are none when all is well', () => {
    expect(annotate(result([QUIET]))).toEqual([]);
  });
});

describe('summary', () => {
  it('shows counts, failures, then each namespace', () => {
    const text = renderSummary(result([NAMESPACE]));
    expect(text).toContain('| 2 | 1 | 7 | 2 | 4 | 1 | 1.2 MB | 90 s |');
    expect(text.indexOf('`gcr.io/ns/bad:x, y`: denied')).toBeLessThan(text.indexOf('### `gcr.io/ns`'));
    expect(text).toContain('| `base` | `v1`, `v2` | `latest` | 1.2 MB |');
    expect(text).toContain('1 unsupported (schema1)');
  });

  it('says that a dry run copied nothing', () => {
    const text = renderSummary(result([NAMESPACE], { dryRun: true }));
    expect(text).toContain('dry run, nothing was copied');
    expect(text).toContain('Would add');
  });

  it('tells a reason that many share once', () => {
    const failures = Array.from({ length: 500 }, (_, number) => ({
      image: `i${number}`,
      tags: ['t'],
      reason: 'bad password',
    }));
    const text = renderSummary(result([{ ...NAMESPACE, failures }]));
    expect(text.match(/bad password/g)).toHaveLength(1);
    expect(text).toContain('and 495 more');
  });

  it('stays under its limit in bytes, and says what is left out', () => {
    const word = fc.string({ unit: 'binary', maxLength: 40 });
    const images = fc.array(
      fc.record({ image: word, tags: fc.array(word, { maxLength: 20 }), reason: word }),
      { minLength: 10, maxLength: 60 },
    );
    fc.assert(
      fc.property(images, fc.integer({ min: 1500, max: 4000 }), (failures, limit) => {
        const copied = failures.map(({ image, tags }) => ({
          image,
          target: 't',
          digest: digest(1),
          added: tags,
          updated: [],
          bytes: 1,
        }));
        const text = renderSummary(result([{ ...NAMESPACE, failures, copied }]), limit);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit);
      }),
    );
    const copied = Array.from({ length: 20_000 }, () => ({
      image: 'b'.repeat(100),
      target: 't',
      digest: digest(1),
      added: ['v1'],
      updated: [],
      bytes: 1,
    }));
    const large = renderSummary(result([{ ...NAMESPACE, copied }]));
    expect(Buffer.byteLength(large)).toBeLessThan(600_000);
    expect(large).toMatch(/more lines did not fit: see the JSON report/);
  });
});

describe('Progress', () => {
  it('tells images, bytes, rate and time left every ten seconds, and nothing before', () => {
    vi.useFakeTimers();
    const lines: string[] = [];
    let now = 0;
    const progress = new Progress({ total: 1461, log: (line) => lines.push(line), clock: () => now });
    for (let second = 1; second <= 20; second += 1) {
      now = second * 1000;
      for (let image = 0; image < 10; image += 1) progress.done(1_000_000, second === 1 && image === 0);
      vi.advanceTimersByTime(1000);
    }
    progress.stop();
    vi.advanceTimersByTime(60_000);
    vi.useRealTimers();
    expect(lines).toEqual([
      '100 of 1,461 images, 100 MB, 10.0 MB/s, about 2 min left, 1 failed',
      '200 of 1,461 images, 200 MB, 10.0 MB/s, about 2 min left, 1 failed',
    ]);
  });
});
