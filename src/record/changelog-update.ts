import type { NamespaceResult } from '../mirror/result.ts';
import { writeChangelog } from './changelog-file.ts';
import { MAX_SECTION_BYTES, renderSection } from './changelog.ts';
import { commitMessageOf } from './commit-message.ts';
import type { RecordDeps, RecordSettings } from './deps.ts';

/** A namespace's section of the changelog. */
export interface Section {
  readonly namespace: string;
  readonly text: string;
}

/** All sections of one run together. */
const MAX_RUN_BYTES = 256 * 1024;
/** Even if a run has hundreds of namespaces, a section names some images. */
const MIN_SECTION_BYTES = 4 * 1024;

/** The sections of the namespaces in which something was copied; none where no changelog is kept. */
export function sectionsOf(
  results: readonly NamespaceResult[],
  { changelogPath, timezone }: RecordSettings,
  { now, runKey }: Pick<RecordDeps, 'now' | 'runKey'>,
): Section[] {
  if (changelogPath === undefined) return [];
  const changed = results.filter(({ copied }) => copied.length > 0);
  const share = Math.max(MIN_SECTION_BYTES, Math.floor(MAX_RUN_BYTES / Math.max(1, changed.length)));
  const options = { time: now(), timezone, runKey, maxBytes: Math.min(MAX_SECTION_BYTES, share) };
  return changed.map((result) => ({ namespace: result.namespace, text: renderSection(result, options) }));
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
  deps: RecordDeps,
): Promise<void> {
  if (changelogPath === undefined || sections.length === 0) return;
  const copied = results.filter((result) => result.copied.length > 0);
  const message = commitMessage ?? `Changelog: ${commitMessageOf(copied)}`;
  await writeChangelog(changelogPath, message, sections, deps);
}
