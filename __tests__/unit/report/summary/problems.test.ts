import { describe, expect, it } from 'vitest';
import { renderSummary } from '../../../../src/report/summary.ts';
import { failure, namespaceResult, runResult } from '../../../support/fixtures/results.ts';

describe('addProblems', () => {
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
    expect(text).toContain(`> ❌ **Error:** ${'e'.repeat(600)}\n`);
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
