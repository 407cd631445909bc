import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImageTags } from '../../../src/mirror/failure.ts';
import { NOTHING_FILTERED_OUT } from '../../../src/mirror/filters.ts';
import { groupFailures } from '../../../src/report/failure-groups.ts';
import type { RunResult } from '../../../src/report/result.ts';
import { renderSummary } from '../../../src/report/summary.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { elementsOf, renderGfm } from '../../support/fixtures/gfm.ts';
import { copied, failure, gone, namespaceResult, runResult } from '../../support/fixtures/results.ts';

describe('renderSummary', () => {
  it('shows totals, problems, the pull command, the namespaces and the commits', () => {
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
    const result = runResult({
      namespaces,
      errors: ['no changelog'],
      warnings: ['odd'],
      stopped: ['The time limit is reached'],
      commits: [
        { path: 'gcr.io/distroless.json', url: 'https://github.com/octo/meta/commit/abc' },
        { path: 'x', url: 'javascript:alert(1)' },
      ],
    });
    expect(renderSummary(result))
      .toBe(`## ❌ 1 tag failed, 1 error, 3 tags left to the next run, 2 tags added, 1 tag updated, 4 tags adopted

🟩🟦${'⬜'.repeat(26)}🟨🟥

| 🟩 Added | 🟦 Updated | ⬜ Unchanged | 🟨 Pending | 🟥 Failed | Removed from the source | Sent | Took |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| 2 | 1 | 1,462 | 3 | 1 | 2 | 1.2 MB | 90 s |

> ❌ **Error:** no changelog

### Failed

- \`gcr.io/distroless/static:debug\`: manifest unknown

> ⚠️ **Warning:** odd

> ⏳ **Next run:** The time limit is reached

\`\`\`\`sh
docker pull docker.io/gcrxio/base:v1
\`\`\`\`

### \`gcr.io/distroless\` → \`docker.io/gcrxio\`

1,461 unchanged · 4 adopted · 3 left to the next run · 2 removed from the source · 5 filtered out (3 by exclude, 2 by semver) · 7 not rechecked · 2 unsupported (schema1)

| Image | Added | Updated | Sent |
| --- | --- | --- | ---: |
| [base](https://hub.docker.com/r/gcrxio/base) | \`v1\`, \`v2\` | \`latest\` | 1.2 MB |

<details><summary>1 namespace without changes</summary>

- \`quay.io/coreos\` → \`docker.io/gcrxio\`: 1 tag

</details>

Recorded in [gcr.io/distroless.json](https://github.com/octo/meta/commit/abc)
`);
  });

  it('has no row and no column that says nothing', () => {
    const text = renderSummary(runResult({ namespaces: [namespaceResult({ unchanged: 9 })] }));
    expect(text).toBe(`## ✅ Nothing to mirror: 9 tags up to date

| ⬜ Unchanged | Took |
| ---: | ---: |
| 9 | 90 s |

<details><summary>1 namespace without changes</summary>

- \`gcr.io/distroless\` → \`docker.io/gcrxio\`: 9 tags

</details>
`);
  });

  it('counts referrers, and images that were not checked for them', () => {
    const namespaces = [
      namespaceResult({ unchanged: 9, referrers: 1234, referrerBytes: 2000, referrersUnchecked: 1 }),
    ];
    const summary = renderSummary(runResult({ namespaces }));
    expect(summary).toContain('9 unchanged · 1,234 referrers copied · 1 image not checked for new referrers');
    expect(summary).toContain('| ⬜ Unchanged | Referrers | Sent | Took |');
    expect(summary).toContain('| 9 | 1,234 | 2.0 kB | 90 s |');
  });

  it('says for a dry run what would be done, and gives no pull command', () => {
    const namespaces = [
      namespaceResult({
        copied: [copied('base', { added: ['v1'] })],
        pulls: { count: 3, exact: false },
        gone: gone(1),
        section: '## now\n````\n',
      }),
    ];
    const text = renderSummary(runResult({ dryRun: true, namespaces }));
    expect(text).toContain('## 🔍 Dry run: 1 tag would be added\n');
    expect(text).toContain('| Image | Would add | Size (at most) |');
    expect(text).toContain('takes at least 3 manifest requests');
    expect(text).toContain('#### Removed from the source; the mirror keeps them\n\n- `old`: `v0`\n');
    expect(text).toContain(
      '<details><summary>The section that the changelog would get</summary>\n\n`````markdown\n## now\n````\n`````\n',
    );
    expect(text).not.toContain('docker pull');
  });

  it('omits all lines from the first that does not fit, and counts them', () => {
    const images = Array.from({ length: 100 }, (_, index) => copied(`image-${index}`, { added: ['v1'] }));
    const result = runResult({ namespaces: [namespaceResult({ copied: images })] });
    const whole = renderSummary(result).split('\n');
    const cut = renderSummary(result, 2000).split('\n');
    const rows = cut.filter((line) => line.startsWith('| [image-')).length;
    expect(rows).toBeGreaterThan(10);
    expect(cut.slice(0, -5)).toEqual(whole.slice(0, cut.length - 5));
    // The omitted rows and the empty line below the table.
    expect(cut.slice(-5)).toEqual([
      '',
      '</details>',
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

const FRAGMENTS = [
  '漢字🐳',
  '\ud83d',
  '<img src=x>',
  '| a | b |',
  '|',
  '`` ` ``',
  '````',
  '~~~',
  '\\',
  '\n\n## Mirror\n',
  '\n\n---\n',
  '[x](javascript:y)',
  '![x](https://evil.test/y)',
  'https://evil.test',
  'www.evil.test',
  'a@evil.test',
  '<!--',
  '-->',
  '</details>',
  '</summary></code>',
  '<script>',
  '&lt;b&gt;',
  '"',
  "'",
  '**x**',
  '- x',
  '1. x',
  '# x',
  '> x',
  '    x',
  '[^1]',
  '~~x~~',
  '$$x$$',
  '__proto__',
];
const hostile = fc.oneof(
  fc.constantFrom(...FRAGMENTS),
  fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 4 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 30 }),
);
const texts = fc.array(hostile, { maxLength: 5 });
const imageTags = fc.array(fc.record({ image: hostile, tags: texts }), { maxLength: 2 });
const results: fc.Arbitrary<RunResult> = fc
  .record({
    errors: texts,
    warnings: texts,
    stopped: texts,
    mode: fc.constantFrom('sync', 'plan', 'compare', 'monitor'),
    dryRun: fc.boolean(),
    matrix: fc.record({
      include: fc.array(
        fc.record({
          namespace: hostile.map((text) => text.replaceAll('\n', ' ')),
          images: hostile,
          exclude: hostile,
          'shard-index': fc.constant('0'),
          'shard-total': fc.constant(1),
          part: fc.constant('1/1'),
          tags: fc.nat(),
          bytes: fc.nat(),
        }),
        { maxLength: 3 },
      ),
    }),
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
          { maxLength: 12 },
        ),
        failures: fc.array(fc.record({ image: hostile, tags: texts, reason: hostile }), { maxLength: 5 }),
        unsupported: imageTags,
        gone: imageTags,
        drift: fc.record({
          missing: imageTags,
          changed: imageTags,
          hollow: imageTags,
          differs: imageTags,
          removed: fc.constant(0),
        }),
        section: hostile,
        pending: fc.nat(),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ namespaces, ...rest }) =>
    runResult({
      ...rest,
      namespaces: namespaces.map((one) => namespaceResult(one)),
    }),
  );

/** The same result with a harmless word for each hostile text; equal texts get equal words. */
function harmless(result: RunResult): RunResult {
  const words = new Map<string, string>();
  const word = (text: string): string => {
    if (text === '') return '';
    const known = words.get(text) ?? `w${words.size}`;
    words.set(text, known);
    return known;
  };
  const all = (some: readonly string[]): string[] => some.map(word);
  const tags = (images: readonly ImageTags[]): ImageTags[] =>
    images.map((one) => ({ image: word(one.image), tags: all(one.tags) }));
  return {
    ...result,
    errors: all(result.errors),
    warnings: all(result.warnings),
    stopped: all(result.stopped ?? []),
    ...(result.matrix && {
      matrix: { include: result.matrix.include.map((job) => ({ ...job, namespace: word(job.namespace) })) },
    }),
    namespaces: result.namespaces.map((one) => ({
      ...one,
      namespace: word(one.namespace),
      target: word(one.target),
      copied: one.copied.map((image) => ({
        ...image,
        image: word(image.image),
        target: word(image.target),
        added: all(image.added),
        updated: all(image.updated),
      })),
      failures: one.failures.map((failed) => ({
        image: word(failed.image),
        tags: all(failed.tags),
        reason: word(failed.reason),
      })),
      gone: tags(one.gone),
      ...(one.drift && {
        drift: {
          removed: 0,
          missing: tags(one.drift.missing),
          changed: tags(one.drift.changed),
          hollow: tags(one.drift.hollow),
          differs: tags(one.drift.differs),
        },
      }),
      ...(one.section !== undefined && { section: word(one.section) }),
    })),
  };
}

/** The sizes of the groups of failures. */
const groupsOf = ({ namespaces }: RunResult): string =>
  groupFailures(namespaces)
    .map(({ members }) => members.length)
    .join();

describe('renderSummary with hostile text', () => {
  it('never exceeds its limit, and closes what it folds', () => {
    fc.assert(
      fc.property(results, fc.integer({ min: 300, max: 5000 }), (result, limit) => {
        const text = renderSummary(result, limit);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit);
        const elements = elementsOf(renderGfm(text));
        expect(elements.filter((one) => one === '<details>')).toHaveLength(
          elements.filter((one) => one === '</details>').length,
        );
      }),
    );
  });

  it('renders to the same elements as with harmless text', () => {
    fc.assert(
      fc.property(results, (result) => {
        // A reason that contains a name of its image belongs to another group without it.
        fc.pre(groupsOf(result) === groupsOf(harmless(result)));
        expect(elementsOf(renderGfm(renderSummary(result)))).toEqual(
          elementsOf(renderGfm(renderSummary(harmless(result)))),
        );
      }),
    );
  });

  it('contains no raw HTML but its own', () => {
    fc.assert(
      fc.property(results, (result) => {
        const html = renderGfm(renderSummary(result));
        const own = new Set(
          'h2 h3 h4 p table thead tbody tr th td ul li code pre blockquote strong details summary a em'.split(
            ' ',
          ),
        );
        for (const element of elementsOf(html)) {
          const [, name = ''] = /^<\/?([a-z0-9]+)/.exec(element) ?? [];
          expect(own).toContain(name);
          expect(element).not.toMatch(/\son|javascript:|evil/i);
        }
      }),
    );
  });
});
