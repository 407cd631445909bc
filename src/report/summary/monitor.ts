import { formatCount } from '../../mirror/format.ts';
import { codeSpan } from '../../mirror/markdown.ts';
import { type NamespaceResult, countAll } from '../../mirror/result.ts';
import { renderShare } from './matrix.ts';
import type { Page } from './page.ts';

/** How far the mirror of each namespace is. */
export function addStates(page: Page, namespaces: readonly NamespaceResult[]): void {
  page.addTable(
    [
      { title: 'Namespace' },
      { title: 'Target' },
      { title: 'Mirrored', align: 'right' },
      { title: 'Pending', align: 'right' },
      { title: '' },
    ],
    namespaces.map((result) => {
      const { unchanged, pending } = countAll([result]);
      const total = unchanged + pending;
      return [
        codeSpan(result.namespace),
        codeSpan(result.target),
        formatCount(unchanged),
        formatCount(pending),
        renderShare(total === 0 ? 0 : unchanged / total),
      ];
    }),
  );
}
