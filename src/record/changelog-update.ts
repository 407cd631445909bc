import type { WriteSession } from '../github/write-session.ts';
import type { UnloggedTags } from '../mirror/record-entry.ts';
import type { NamespaceResult } from '../mirror/result.ts';
import { writeChangelog } from './changelog-file.ts';
import { MAX_SECTION_BYTES, readChangelog, removeSection, renderSection, routeOf } from './changelog.ts';
import { commitMessageOf } from './commit-message.ts';
import type { RecordDeps, RecordSettings } from './deps.ts';

/** What the changelog says about a namespace. */
export interface LogEntry {
  readonly result: NamespaceResult;
  /** Tags that earlier runs recorded and that no section names. */
  readonly earlier: UnloggedTags;
}

/** A section of the changelog: what a run did with one namespace at one target. */
export interface Section {
  readonly route: string;
  readonly text: string;
}

/** All sections of one run together. */
const MAX_RUN_BYTES = 256 * 1024;
/** Even if a run has hundreds of namespaces, a section names some images. */
const MIN_SECTION_BYTES = 4 * 1024;

/** The sections of the namespaces that have something to name; none where no changelog is kept. */
export function sectionsOf(
  entries: readonly LogEntry[],
  { changelogPath, timezone }: RecordSettings,
  { now, runKey }: Pick<RecordDeps, 'now' | 'runKey'>,
): Section[] {
  if (changelogPath === undefined) return [];
  const changed = entries.filter(hasNews);
  const share = Math.max(MIN_SECTION_BYTES, Math.floor(MAX_RUN_BYTES / Math.max(1, changed.length)));
  const options = { time: now(), timezone, runKey, maxBytes: Math.min(MAX_SECTION_BYTES, share) };
  return changed.map(({ result, earlier }) => ({
    route: routeOf(result),
    text: renderSection(result, { ...options, earlier }),
  }));
}

function hasNews({ result, earlier }: LogEntry): boolean {
  return result.copied.length > 0 || earlier.size > 0;
}

/**
 * Writes `sections`, which render `entries`, into the changelog.
 *
 * @throws MetadataError with the remedy
 */
export async function recordChangelog(
  sections: readonly Section[],
  entries: readonly LogEntry[],
  { changelogPath, commitMessage }: RecordSettings,
  deps: Pick<RecordDeps, 'metadata' | 'runKey' | 'now'>,
  session: WriteSession,
): Promise<void> {
  if (changelogPath === undefined || sections.length === 0) return;
  const results = entries.filter(hasNews).map(({ result }) => result);
  const message = commitMessage ?? `Changelog: ${commitMessageOf(results)}`;
  await writeChangelog(changelogPath, message, sections, deps, session);
}

/**
 * Removes sections whose namespace manifests could not be written after all.
 *
 * @throws MetadataError with the remedy
 */
export async function removeSections(
  routes: readonly string[],
  { changelogPath, commitMessage }: RecordSettings,
  { metadata, runKey }: Pick<RecordDeps, 'metadata' | 'runKey'>,
  session: WriteSession,
): Promise<void> {
  if (changelogPath === undefined || routes.length === 0) return;
  const message = commitMessage ?? `Changelog: without what could not be recorded`;
  const change = (current: Uint8Array | undefined): Uint8Array | undefined => {
    if (!current) return undefined;
    const after = routes.reduce(
      (text, route) => removeSection(text, { runKey, route }),
      readChangelog(current, changelogPath),
    );
    return new TextEncoder().encode(after);
  };
  await metadata.update(changelogPath, message, change, session);
}
