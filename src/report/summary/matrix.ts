import { formatBytes, formatCount } from '../../mirror/format.ts';
import { codeList } from '../../mirror/markdown.ts';
import type { Matrix } from '../../mirror/matrix.ts';
import type { Page } from './page.ts';

const BAR_CHARACTERS = 16;

/** The jobs of a plan with their sizes. */
export function addMatrix(page: Page, { include }: Matrix): void {
  const largest = Math.max(...include.map(({ bytes }) => bytes));
  const columns = [
    { title: 'Job' },
    { title: 'Namespaces' },
    { title: 'Part', align: 'right' },
    { title: 'Tags', align: 'right' },
    { title: 'Size (at most)', align: 'right' },
    { title: '' },
  ] as const;
  page.addTable(
    columns,
    include.map(({ namespace, part, tags, bytes }, index) => [
      String(index + 1),
      codeList(namespace.split('\n'), 5),
      part,
      formatCount(tags),
      formatBytes(bytes),
      renderShare(largest > 0 ? bytes / largest : 0),
    ]),
  );
}

/** A bar for a share from 0 to 1; even a small share has one character. */
export function renderShare(share: number): string {
  return share > 0 ? '█'.repeat(Math.max(1, Math.round(share * BAR_CHARACTERS))) : '';
}
