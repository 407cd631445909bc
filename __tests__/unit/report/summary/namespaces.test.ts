import { describe, expect, it } from 'vitest';
import { renderSummary } from '../../../../src/report/summary.ts';
import { copied, namespaceResult, runResult } from '../../../support/fixtures/results.ts';

describe('addNamespaces', () => {
  it('folds namespaces beyond a screen', () => {
    const images = Array.from({ length: 20 }, (_, index) => copied(`image-${index}`, { added: ['v1'] }));
    const namespaces = ['one', 'two', 'three'].map((name) =>
      namespaceResult({ namespace: `gcr.io/${name}`, copied: images }),
    );
    const text = renderSummary(runResult({ namespaces }));
    expect(text.match(/^### .*$/gm)).toEqual(['### `gcr.io/one` → `docker.io/gcrxio`']);
    expect(text.match(/^<details>.*$/gm)).toEqual(
      ['two', 'three'].map(
        (name) =>
          `<details><summary><code>gcr.io/${name}</code> → <code>docker.io/gcrxio</code>: 20 added</summary>`,
      ),
    );
  });

  it('shows what a comparison found', () => {
    const drift = {
      missing: [{ image: 'a', tags: ['v1'] }],
      changed: [{ image: 'b', tags: ['v1', 'v2'] }],
      hollow: [],
      differs: [{ image: 'c', tags: ['v1'] }],
      removed: 3,
    };
    const text = renderSummary(runResult({ mode: 'compare', namespaces: [namespaceResult({ drift })] }));
    expect(text).toContain('3 entries removed from the record, so that the next sync copies them again');
    expect(text).toContain('#### Recorded, but missing from the target\n\n- `a`: `v1`\n');
    expect(text).toContain('#### Recorded, but with another digest in the target\n\n- `b`: `v1`, `v2`\n');
    expect(text).toContain('#### Not recorded, and different in source and target\n\n- `c`: `v1`\n');
  });

  it('shows a namespace that only has pending tags', () => {
    const text = renderSummary(runResult({ namespaces: [namespaceResult({ pending: 2 })] }));
    expect(text).toContain('### `gcr.io/distroless` → `docker.io/gcrxio`\n\n2 left to the next run\n');
    expect(text).not.toContain('without changes');
  });
});
