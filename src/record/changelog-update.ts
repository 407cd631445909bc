import type { NamespaceResult } from '../mirror/result.ts';
import { insertSection, readChangelog, renderSection } from './changelog.ts';
import { commitMessageOf } from './commit-message.ts';
import type { RecordDeps, RecordSettings } from './deps.ts';

/** A namespace's section of the changelog. */
export interface Section {
  readonly namespace: string;
  readonly text: string;
}

/** The sections of the namespaces in which something was copied; none where no changelog is kept. */
export function sectionsOf(
  results: readonly NamespaceResult[],
  { changelogPath, timezone }: RecordSettings,
  { now, runKey }: Pick<RecordDeps, 'now' | 'runKey'>,
): Section[] {
  if (changelogPath === undefined) return [];
  const time = now();
  return results
    .filter(({ copied }) => copied.length > 0)
    .map((result) => ({
      namespace: result.namespace,
      text: renderSection(result, { time, timezone, runKey }),
    }));
}

/**
 * Writes `sections`, which belong to `results`, into the changelog.
 *
 * @throws MetadataError with the remedy
 */
export async function recordChangelog(
  sections: readonly Section[],
  results: readonly NamespaceResult[],
  { changelogPath, commitMessage }: RecordSettings,
  { metadata, runKey }: RecordDeps,
): Promise<void> {
  if (changelogPath === undefined || sections.length === 0) return;
  const copied = results.filter((result) => result.copied.length > 0);
  const message = commitMessage ?? `Changelog: ${commitMessageOf(copied)}`;
  await metadata.update(changelogPath, message, (current) => {
    const before = current && readChangelog(current, changelogPath);
    const after = sections.reduce<string | undefined>(
      (text, { namespace, text: section }) => insertSection(text, section, { runKey, namespace }),
      before,
    );
    return new TextEncoder().encode(after);
  });
}
