import { type NamespaceResult, countAll } from '../mirror/result.ts';

/** `Mirror gcr.io/distroless: 3 added, 1 updated`. `removed` counts entries that proved wrong. */
export function commitMessageOf(results: readonly NamespaceResult[], removed = 0): string {
  const { added, updated } = countAll(results);
  const adopted = results.reduce((sum, result) => sum + result.adopted, 0);
  const parts = [
    `${added} added`,
    `${updated} updated`,
    ...(adopted > 0 ? [`${adopted} adopted`] : []),
    ...(removed > 0 ? [`${removed} removed`] : []),
  ];
  const [first] = results;
  const what = results.length === 1 && first ? first.namespace : `${results.length} namespaces`;
  return `Mirror ${what}: ${parts.join(', ')}`;
}
