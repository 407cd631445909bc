import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOTHING_FILTERED_OUT } from '../../../src/mirror/filters.ts';
import type { RunResult } from '../../../src/report/result.ts';
import { renderSummary } from '../../../src/report/summary.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { copied, failure, gone, namespaceResult, runResult } from '../../support/fixtures/results.ts';

describe('renderSummary', () => {
  it('shows the totals, the failures, then a table per namespace', () => {
    const namespaces = [
      namespaceResult({
        copied: [copied('base', { added: ['v1', 'v2'], updated: ['latest'], bytes: 1_200_000 })],
        failures: [failure('static', ['debug'])],
        unsupported: [{ image: 'old', tags: ['v0', 'v1'] }],
        unchanged: 1461,
        gone: gone(2),
        pending: 3,
        adopted: 4,
        filteredOut: { ...NOTHING_FILTERED_OUT, exclude: 3, semver: 2 },
        notRechecked: 7,
      }),
      namespaceResult({ namespace: 'quay.io/coreos', unchanged: 1 }),
    ];
    expect(renderSummary(runResult({ namespaces, errors: ['no changelog'] }))).toBe(`## Mirror

| Added | Updated | Unchanged | Failed | Pending | Removed | Sent | Took |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| 2 | 1 | 1,462 | 1 | 3 | 2 | 1.2 MB | 90 s |

> Error: no changelog

### Failed

- \`gcr.io/distroless/static:debug\`: manifest unknown

### \`gcr.io/distroless\` → \`docker.io/gcrxio\`

1,461 unchanged, 2 removed from the source, 3 left to the next run, 4 adopted, 5 filtered out (3 by exclude, 2 by semver), 7 not rechecked, 2 unsupported (schema1)

| Image | Added | Updated | Bytes |
| --- | --- | --- | ---: |
| \`base\` | \`v1\`, \`v2\` | \`latest\` | 1.2 MB |

### \`quay.io/coreos\` → \`docker.io/gcrxio\`

1 unchanged

`);
  });

  it('counts referrers, and images that were not checked for them', () => {
    const namespaces = [
      namespaceResult({ unchanged: 9, referrers: 1234, referrerBytes: 2000, referrersUnchecked: 1 }),
    ];
    const summary = renderSummary(runResult({ namespaces }));
    expect(summary).toContain('9 unchanged, 1,234 referrers copied, 1 image not checked for new referrers');
    expect(summary).toContain('| 2.0 kB |');
  });

  it('says for a dry run what would be done', () => {
    const namespaces = [namespaceResult({ copied: [copied('base', { added: ['v1'] })] })];
    const text = renderSummary(runResult({ dryRun: true, namespaces }));
    expect(text).toContain('## Mirror: dry run, nothing was copied\n');
    expect(text).toContain('| Bytes (at most) |');
    expect(text).toContain('| Image | Would add | Would update | Bytes |');
  });

  it('groups failures of all namespaces by reason, the most common first', () => {
    const many = Array.from({ length: 300 }, (_, index) => failure(`image-${index}`, ['v1'], 'denied'));
    const namespaces = [
      namespaceResult({ failures: [failure('rare', ['v1'], 'unknown'), ...many] }),
      namespaceResult({ namespace: 'quay.io/coreos', failures: [failure('etcd', ['v1'], 'denied')] }),
    ];
    const lines = renderSummary(runResult({ namespaces }))
      .split('\n')
      .filter((line) => line.startsWith('- '));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^- `gcr\.io\/distroless\/image-0:v1`, .*image-4:v1` and 296 more: denied$/);
    expect(lines[1]).toBe('- `gcr.io/distroless/rare:v1`: unknown');
  });

  it('cuts a long reason, so that a page of HTML does not displace everything else', () => {
    const text = renderSummary(
      runResult({
        errors: ['e'.repeat(10_000)],
        namespaces: [namespaceResult({ failures: [failure('base', ['v1'], 'r'.repeat(10_000))] })],
      }),
    );
    expect(text).toContain(`: ${'r'.repeat(600)}\n`);
    expect(text).toContain(`> Error: ${'e'.repeat(600)}\n`);
  });

  it('omits all lines from the first that does not fit, and counts them', () => {
    const images = Array.from({ length: 100 }, (_, index) => copied(`image-${index}`, { added: ['v1'] }));
    const result = runResult({ namespaces: [namespaceResult({ copied: images })] });
    const whole = renderSummary(result).split('\n');
    const cut = renderSummary(result, 2000).split('\n');
    const rows = cut.filter((line) => line.includes('`image-')).length;
    expect(rows).toBeGreaterThan(10);
    expect(cut.slice(0, -3)).toEqual(whole.slice(0, cut.length - 3));
    // The omitted rows and the empty line below the table.
    expect(cut.slice(-3)).toEqual([
      '',
      `_${100 - rows + 1} more lines did not fit: see the JSON report._`,
      '',
    ]);
  });

  it("stays below half of GitHub's limit for 40,000 images", () => {
    const images = Array.from({ length: 40_000 }, (_, index) =>
      copied(`a-rather-long-name-of-an-image-${index}`, { added: ['v1', 'v2', 'v3'] }),
    );
    const text = renderSummary(runResult({ namespaces: [namespaceResult({ copied: images })] }));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(512 * 1024);
    expect(Buffer.byteLength(text)).toBeGreaterThan(500 * 1024);
  });
});

describe('what could not be recorded', () => {
  const file = { path: 'gcr.io/a.json', content: '{\n  "all": 1\n}\n', addition: '{\n  "new": 1\n}\n' };
  const long = 'x'.repeat(200_000);

  it('is shown with the whole content of its file', () => {
    const text = renderSummary(runResult({ errors: ['no'], unrecorded: [file] }));
    expect(text).toContain(
      '### Not recorded: the content of `gcr.io/a.json`\n\n````json\n{\n  "all": 1\n}\n````\n',
    );
  });

  it('is shown without the rest of a long file', () => {
    const text = renderSummary(runResult({ unrecorded: [{ ...file, content: long }] }));
    expect(text).toContain(
      '### Not recorded: to be added to `gcr.io/a.json`\n\n````json\n{\n  "new": 1\n}\n````\n',
    );
  });

  it('is only named when even the addition is long, and displaces nothing else', () => {
    const failures = [failure('base', ['v1'])];
    const text = renderSummary(
      runResult({
        unrecorded: [
          { ...file, content: long.repeat(10), addition: long.repeat(9) },
          { ...file, path: 'b.json' },
        ],
        namespaces: [namespaceResult({ failures })],
      }),
    );
    expect(text).toContain('to be added to `gcr.io/a.json`\n\n1.8 MB: see the JSON report.\n');
    expect(text).toContain('the content of `b.json`');
    expect(text).toContain('### Failed');
  });
});

const hostile = fc.oneof(
  fc.constantFrom(
    '漢字🐳',
    '\ud83d',
    '<img src=x>',
    '| a | b |',
    '`` ` ``',
    '\n\n## Mirror\n',
    '[x](javascript:y)',
    '<!--',
    '</details>',
    '__proto__',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
);
const texts = fc.array(hostile, { maxLength: 15 });
const results: fc.Arbitrary<RunResult> = fc
  .record({
    errors: texts,
    dryRun: fc.boolean(),
    namespaces: fc.array(
      fc.record({
        namespace: hostile,
        target: hostile,
        copied: fc.array(
          fc.record({
            image: hostile,
            target: hostile,
            digest: fc.constant(digest(1)),
            added: texts,
            updated: texts,
            bytes: fc.nat(),
          }),
          { maxLength: 5 },
        ),
        failures: fc.array(fc.record({ image: hostile, tags: texts, reason: hostile }), { maxLength: 5 }),
        unsupported: fc.array(fc.record({ image: hostile, tags: texts }), { maxLength: 2 }),
        pending: fc.nat(),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ namespaces, ...rest }) =>
    runResult({ ...rest, namespaces: namespaces.map((one) => namespaceResult(one)) }),
  );

describe('renderSummary with hostile text', () => {
  it('never exceeds its limit', () => {
    fc.assert(
      fc.property(results, fc.integer({ min: 300, max: 5000 }), (result, limit) => {
        expect(Buffer.byteLength(renderSummary(result, limit))).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('contains only its own headings, rows, items and HTML', () => {
    fc.assert(
      fc.property(results, (result) => {
        const lines = renderSummary(result).split('\n');
        const { namespaces, errors } = result;
        const reasons = new Set(namespaces.flatMap(({ failures }) => failures.map(({ reason }) => reason)));
        const images = namespaces.flatMap(({ copied }) => copied).length;
        const tables = namespaces.filter(({ copied }) => copied.length > 0).length;
        const count = (start: string): number => lines.filter((line) => line.startsWith(start)).length;
        expect(count('## ')).toBe(1);
        expect(count('### ')).toBe(namespaces.length + (reasons.size > 0 ? 1 : 0));
        expect(count('- ')).toBe(reasons.size);
        expect(count('> ')).toBe(errors.length);
        // The table of totals, then two header lines per namespace and a row per image.
        expect(count('|')).toBe(3 + 2 * tables + images);
        const rows = lines.filter((line) => line.startsWith('| `'));
        expect(rows).toHaveLength(images);
        for (const row of rows) expect(row.split('|')).toHaveLength(6);
        // Outside of code spans there is no angle bracket.
        for (const line of lines) expect(line.replace(/`[^`]*`/g, '').replace(/^> /, '')).not.toMatch(/[<>]/);
      }),
    );
  });
});
