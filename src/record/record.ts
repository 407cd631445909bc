import { countEntries } from '../mirror/record-entry.ts';
import { messageOf } from '../oci/errors.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import type { Unrecorded } from '../report/result.ts';
import { type Section, recordChangelog, sectionsOf } from './changelog-update.ts';
import type { RecordDeps, RecordSettings } from './deps.ts';
import { recordManifest } from './manifest-update.ts';
import type { Recordable } from './recordable.ts';

/** What recording achieved. */
export interface Recorded {
  /** The namespaces of which everything is recorded. */
  readonly plans: ReadonlySet<NamespacePlan>;
  /** What could not be recorded, for people. */
  readonly errors: readonly string[];
  /** What should be in the files that could not be written. */
  readonly unrecorded: readonly Unrecorded[];
}

/** Writes the namespace manifests, then the changelog. A file that can't be written stops no other. */
export async function record(
  recordables: readonly Recordable[],
  settings: RecordSettings,
  deps: RecordDeps,
): Promise<Recorded> {
  const manifests = await recordManifests(recordables, settings, deps);
  const written = manifests.written.map(({ result }) => result);
  const sections = sectionsOf(written, settings, deps);
  const lost = sectionsOf(
    manifests.failed.map(({ result }) => result),
    settings,
    deps,
  );
  try {
    await recordChangelog(sections, written, settings, deps);
  } catch (error) {
    return {
      plans: new Set(),
      errors: [...manifests.errors, `The changelog is not up to date. ${messageOf(error)}`],
      unrecorded: [...manifests.unrecorded, ...unrecordedSections([...lost, ...sections], settings)],
    };
  }
  return {
    plans: new Set(manifests.written.map(({ plan }) => plan)),
    errors: manifests.errors,
    unrecorded: [...manifests.unrecorded, ...unrecordedSections(lost, settings)],
  };
}

interface RecordedManifests {
  readonly written: readonly Recordable[];
  readonly failed: readonly Recordable[];
  readonly errors: readonly string[];
  readonly unrecorded: readonly Unrecorded[];
}

/** One after another: each write moves the branch. */
async function recordManifests(
  recordables: readonly Recordable[],
  settings: RecordSettings,
  deps: RecordDeps,
): Promise<RecordedManifests> {
  const written: Recordable[] = [];
  const failed: Recordable[] = [];
  const errors: string[] = [];
  const unrecorded: Unrecorded[] = [];
  for (const recordable of recordables) {
    const outcome = await recordManifest(recordable, settings, deps);
    if (outcome.kind === 'recorded') {
      written.push(recordable);
    } else {
      failed.push(recordable);
      errors.push(failureMessage(recordable, outcome.error));
      unrecorded.push(outcome.unrecorded);
    }
  }
  return { written, failed, errors, unrecorded };
}

function failureMessage({ entries, result }: Recordable, error: unknown): string {
  const tags = countEntries(entries);
  const what = tags > 0 ? `${tags} tags are mirrored but not recorded` : 'the record is not up to date';
  return `${result.namespace}: ${what}. ${messageOf(error)}`;
}

function unrecordedSections(
  sections: readonly Section[],
  { changelogPath = '' }: RecordSettings,
): Unrecorded[] {
  if (sections.length === 0) return [];
  const content = sections.map(({ text }) => text).join('\n');
  return [{ path: changelogPath, content, addition: content }];
}
