import { describe, expect, it } from 'vitest';
import type { MatrixEntry } from '../../../../src/mirror/matrix.ts';
import { addMatrix, renderShare } from '../../../../src/report/summary/matrix.ts';
import { Page } from '../../../../src/report/summary/page.ts';

const job = (namespace: string, tags: number, bytes: number): MatrixEntry => ({
  namespace,
  images: '',
  exclude: '',
  'shard-index': '0',
  'shard-total': 1,
  part: '1/1',
  tags,
  bytes,
});

function render(include: readonly MatrixEntry[]): string {
  const page = new Page(10_000);
  addMatrix(page, { include });
  return page.text();
}

describe('addMatrix', () => {
  it('shows each job with its size', () => {
    const text = render([job('gcr.io/a\ngcr.io/b', 1200, 4_000_000_000), job('quay.io/c', 3, 2_000_000_000)]);
    expect(text).toBe(
      `| Job | Namespaces | Part | Tags | Size (at most) |  |
| --- | --- | ---: | ---: | ---: | --- |
| 1 | \`gcr.io/a\`, \`gcr.io/b\` | 1/1 | 1,200 | 4.0 GB | ████████████████ |
| 2 | \`quay.io/c\` | 1/1 | 3 | 2.0 GB | ████████ |
`,
    );
  });

  it('shows nothing for an empty matrix, and no bar when no size is known', () => {
    expect(render([])).toBe('\n');
    expect(render([job('gcr.io/a', 1, 0)])).toContain('| 0 B |  |');
  });
});

describe('renderShare', () => {
  it.each([
    [0, ''],
    [1, '█'.repeat(16)],
    [0.5, '█'.repeat(8)],
    [0.001, '█'],
    [0.09, '█'],
    [0.1, '██'],
  ])('draws %d as %j', (share, bar) => {
    expect(renderShare(share)).toBe(bar);
  });
});
