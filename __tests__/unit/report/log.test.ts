import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ImageLine, RunLog } from '../../../src/report/log.ts';
import { copied, failure, gone, namespaceResult, runResult } from '../../support/fixtures/results.ts';

let lines: string[];
let log: RunLog;

function start(hasColors = false): void {
  lines = [];
  log = new RunLog({ logger: { info: (line) => void lines.push(line) }, hasColors });
}

const IMAGE: ImageLine = {
  image: 'java/debian12',
  target: 'docker.io/x/java_debian12',
  tags: ['17'],
  kind: 'added',
  bytes: 42_100_000,
  durationMs: 3200,
};

beforeEach(() => start());

describe('copied', () => {
  it.each<[Partial<ImageLine>, string]>([
    [
      { platforms: 2, mounted: 3 },
      '✓ java/debian12:17 → docker.io/x/java_debian12 · 42.1 MB in 3.2 s · 2 platforms · 3 layers mounted',
    ],
    [
      { kind: 'updated', tags: ['17', '21'], platforms: 1, mounted: 0 },
      '↻ java/debian12:17, 21 → docker.io/x/java_debian12 · 42.1 MB in 3.2 s',
    ],
    [
      { bytes: 0, mounted: 1 },
      '✓ java/debian12:17 → docker.io/x/java_debian12 · nothing to send, 3.2 s · 1 layer mounted',
    ],
    [
      { kind: 'referrers', tags: [], bytes: 1000, referrers: 2 },
      '✓ java/debian12 → docker.io/x/java_debian12 · 1.0 kB in 3.2 s · 2 referrers',
    ],
    [{ kind: 'pending' }, '- java/debian12:17 → docker.io/x/java_debian12 · left to the next run'],
    [{ kind: 'failed', error: 'status 403' }, '✗ java/debian12:17 → docker.io/x/java_debian12 · status 403'],
    [
      { tags: ['1', '2', '3', '4', '5', '6', '7'], durationMs: 754_000 },
      '✓ java/debian12:1, 2, 3, 4, 5 and 2 more → docker.io/x/java_debian12 · 42.1 MB in 13 min',
    ],
  ])('logs one line: %j', (given, line) => {
    log.copied({ ...IMAGE, ...given });
    expect(lines).toEqual([line]);
  });

  it('colours the sign and dims the details where colours are shown', () => {
    start(true);
    log.copied(IMAGE);
    expect(lines).toEqual([
      '\u001B[32m✓\u001B[0m java/debian12:17 → docker.io/x/java_debian12 \u001B[90m· 42.1 MB in 3.2 s\u001B[0m',
    ]);
  });

  it('writes less than 5 MB for 10,000 images with long names, and counts what it leaves out', () => {
    const long = 'a'.repeat(250);
    for (let index = 0; index < 10_000; index += 1)
      log.copied({ ...IMAGE, image: `${long}${index}`, target: `docker.io/x/${long}` });
    log.copyingEnded();
    expect(lines.join('\n').length).toBeLessThan(5_000_000);
    const named = lines.length - 1;
    expect(lines.at(-1)).toBe(
      `${(10_000 - named).toLocaleString('en-US')} more images were copied: the log would be too long. The JSON report names all of them.`,
    );
  });

  it('names each of 10,000 images with usual names', () => {
    for (let index = 0; index < 10_000; index += 1) log.copied({ ...IMAGE, image: `image-${index}` });
    log.copyingEnded();
    expect(lines).toHaveLength(10_000);
  });

  it('names a failure even after the limit', () => {
    for (let index = 0; index < 20_000; index += 1)
      log.copied({ ...IMAGE, target: `docker.io/${'x'.repeat(200)}` });
    log.copied({ ...IMAGE, kind: 'failed', error: 'status 500' });
    expect(lines.at(-1)).toContain('✗ java/debian12:17');
  });

  it('is one line without control characters, whatever a registry says', () => {
    const text = fc.string({ unit: 'binary', maxLength: 600 });
    const kinds = fc.constantFrom('added', 'failed');
    fc.assert(
      fc.property(
        text,
        text,
        fc.array(text, { maxLength: 7 }),
        text,
        kinds,
        (image, target, tags, error, kind) => {
          start();
          log.copied({ ...IMAGE, image, target, tags, error, kind });
          expect(lines).toHaveLength(1);
          expect(lines[0]).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
          expect(lines[0]?.length).toBeLessThan(1800);
        },
      ),
    );
  });
});

describe('listed', () => {
  it('logs what a namespace has and what listing took', () => {
    log.listed({
      namespace: 'gcr.io/distroless',
      repositories: 42,
      tags: 1461,
      requests: 43,
      durationMs: 2100,
    });
    log.listed({ namespace: 'quay.io/x/y', repositories: 1, tags: 1, requests: 1, durationMs: 40 });
    expect(lines).toEqual([
      '✓ gcr.io/distroless · 42 repositories · 1,461 tags · 43 requests in 2.1 s',
      '✓ quay.io/x/y · 1 repository · 1 tag · 1 request in 0.0 s',
    ]);
  });

  it('logs why a namespace could not be listed', () => {
    log.notListed('gcr.io/nowhere', 'status 404\n::error::x');
    expect(lines).toEqual(['✗ gcr.io/nowhere · status 404 ::error::x']);
  });
});

describe('planned', () => {
  it('logs what is to be done, and nothing of what is zero', () => {
    log.planned(
      namespaceResult({
        copied: [copied('base', { added: ['v1', 'v2'], updated: ['latest'], bytes: 1_200_000_000 })],
        pending: 3,
        unchanged: 1461,
        gone: gone(2),
      }),
    );
    log.planned(namespaceResult({ unchanged: 7 }));
    log.planned(namespaceResult());
    log.planned(namespaceResult({ failures: [failure('', [])] }));
    expect(lines).toEqual([
      'gcr.io/distroless · 2 tags to add · 1 tag to update · 1,461 unchanged · 2 removed from the source · at most 1.2 GB',
      'gcr.io/distroless · 7 unchanged',
      'gcr.io/distroless · no tags',
      'gcr.io/distroless · 1 failure',
    ]);
  });
});

describe('plannedAll', () => {
  it('only counts the namespaces without changes when there are many, and ends with the total', () => {
    const idle = Array.from({ length: 25 }, (_, index) =>
      namespaceResult({ namespace: `gcr.io/idle-${index}`, unchanged: 100 }),
    );
    const busy = namespaceResult({ copied: [copied('a', { added: ['v1'], updated: ['v2'], bytes: 1000 })] });
    log.plannedAll([...idle, busy]);
    expect(lines).toEqual([
      'gcr.io/distroless · 1 tag to add · 1 tag to update · at most 1.0 kB',
      '25 more namespaces without changes · 2,500 tags',
      'Total · 1 tag to add, 1 to update · at most 1.0 kB',
    ]);
  });

  it('names each of a few namespaces, and no total for one', () => {
    log.plannedAll([namespaceResult({ unchanged: 1 })]);
    log.plannedAll([namespaceResult({ unchanged: 1 }), namespaceResult({ failures: [failure('', [])] })]);
    expect(lines).toEqual([
      'gcr.io/distroless · 1 unchanged',
      'gcr.io/distroless · 1 unchanged',
      'gcr.io/distroless · 1 failure',
      'Total · 0 tags to add, 0 to update',
    ]);
  });
});

describe('committed', () => {
  it('links the commit', () => {
    log.committed({ path: 'gcr.io/a.json', url: 'https://github.com/o/r/commit/abc' });
    expect(lines).toEqual(['✓ gcr.io/a.json · https://github.com/o/r/commit/abc']);
  });
});

describe('finished', () => {
  it('logs the totals in one line', () => {
    const namespaces = [namespaceResult({ copied: [copied('a', { added: ['v1'], bytes: 1000 })] })];
    log.finished(runResult({ namespaces }));
    log.finished(runResult({ namespaces, dryRun: true }));
    expect(lines).toEqual([
      '✅ 1 tag added · 1.0 kB sent · in 90 s',
      '🔍 Dry run: 1 tag would be added · in 90 s',
    ]);
  });
});
