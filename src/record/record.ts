import { WriteSession } from '../github/write-session.ts';
import type { UnloggedTags } from '../mirror/record-entry.ts';
import { messageOf } from '../oci/errors.ts';
import type { ReportedRecord, Unrecorded } from '../report/result.ts';
import {
  type LogEntry,
  type Section,
  recordChangelog,
  removeSections,
  sectionsOf,
} from './changelog-update.ts';
import { routeOf } from './changelog.ts';
import type { RecordDeps, RecordSettings } from './deps.ts';
import { type ManifestOutcome, recordManifest } from './manifest-update.ts';
import type { Recordable } from './recordable.ts';
import { type Round, inRounds } from './rounds.ts';
import { type TagSets, joinTags } from './unlogged.ts';

/** What recording achieved. */
export interface Recorded {
  /** What could not be recorded, for people. */
  readonly errors: readonly string[];
  /** What should be in the files that could not be written. */
  readonly unrecorded: readonly Unrecorded[];
  /** What a later job has to record. Absent: nothing. */
  readonly records?: readonly ReportedRecord[];
}

export type ManifestFailure = Extract<ManifestOutcome, { readonly kind: 'failed' }>;

/**
 * Writes the namespace manifests, one after another, as each write moves the branch. One that can't be written stops no
 * other.
 *
 * @returns the failures
 */
export async function recordManifests<T extends Recordable>(
  recordables: readonly T[],
  settings: RecordSettings,
  deps: RecordDeps,
  session: WriteSession,
): Promise<Map<T, ManifestFailure>> {
  const failures = new Map<T, ManifestFailure>();
  for (const recordable of recordables) {
    const outcome = await recordManifest(recordable, settings, deps, session);
    if (outcome.kind === 'failed') failures.set(recordable, outcome);
  }
  return failures;
}

/** What is known of a namespace at the end of a run. */
export interface FinalRecordable extends Recordable {
  /** What its section says. */
  readonly log: LogEntry;
  /** Tags to mark when the changelog can't be written. */
  readonly unlogged: UnloggedTags;
  /** Tags whose marks the section replaces. */
  readonly named: TagSets;
}

/**
 * Records all that is complete: the changelog, then the namespace manifests. In this order no tag is recorded without
 * being named: where the changelog can't be written, the manifests mark what it lacks, for the next run to name.
 */
export async function record(
  recordables: readonly FinalRecordable[],
  settings: RecordSettings,
  deps: RecordDeps,
): Promise<Recorded & { readonly failed: ReadonlySet<FinalRecordable> }> {
  const final = new FinalRecord(recordables, settings, deps);
  await inRounds(async () => final.round(), deps);
  return final.conclude();
}

/** Records changes that no changelog names. */
export async function recordEntries(
  recordables: readonly Recordable[],
  settings: RecordSettings,
  deps: RecordDeps,
): Promise<Recorded> {
  const none = { unlogged: new Map(), named: new Map() };
  const { errors, unrecorded } = await record(
    recordables.map((one) => ({ ...one, ...none, log: { result: one.result, earlier: new Map() } })),
    settings,
    deps,
  );
  return { errors, unrecorded };
}

class FinalRecord {
  readonly #settings: RecordSettings;
  readonly #deps: RecordDeps;
  readonly #logs: readonly LogEntry[];
  readonly #sections: readonly Section[];
  #left: readonly FinalRecordable[];
  /** Namespaces that were recorded with marks, as the changelog could not be written by then. */
  readonly #marked = new Set<FinalRecordable>();
  /** Namespaces whose marks the changelog replaced in a later round. */
  readonly #unmarked = new Set<FinalRecordable>();
  #changelog: { readonly error: unknown } | 'recorded' | undefined;
  #failures: ReadonlyMap<FinalRecordable, ManifestFailure> = new Map();

  constructor(recordables: readonly FinalRecordable[], settings: RecordSettings, deps: RecordDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#logs = recordables.map(({ log }) => log);
    this.#sections = sectionsOf(this.#logs, settings, deps);
    this.#left = recordables;
  }

  async round(): Promise<Round> {
    const session = new WriteSession('final');
    if (this.#changelog !== 'recorded') session.isFailing = await this.#recordChangelog();
    const isLogged = this.#changelog === 'recorded';
    const left = this.#left.map((recordable) => ({
      recordable,
      ...withMarks(recordable, isLogged, this.#unmarked.has(recordable)),
    }));
    const failures = await recordManifests(left, this.#settings, this.#deps, session);
    this.#failures = new Map(Array.from(failures, ([{ recordable }, failure]) => [recordable, failure]));
    if (!isLogged)
      for (const { recordable } of left) if (!this.#failures.has(recordable)) this.#marked.add(recordable);
    this.#left = Array.from(this.#failures.keys());
    return {
      isTemporary: Array.from(failures.values()).some(({ isTemporary }) => isTemporary),
      hasProgress: failures.size < left.length,
    };
  }

  /** @returns true when GitHub fails, and not only because no time was left for another try */
  async #recordChangelog(): Promise<boolean> {
    // After a last checkpoint, nothing that matters more comes after it.
    const isFollowed = this.#left.some(({ entries, restored }) => entries.size + (restored?.size ?? 0) > 0);
    const session = new WriteSession(isFollowed ? 'changelog' : 'final');
    try {
      await recordChangelog(this.#sections, this.#logs, this.#settings, this.#deps, session);
      this.#changelog = 'recorded';
      for (const recordable of this.#marked) this.#unmarked.add(recordable);
      this.#left = [...this.#left, ...this.#marked];
      this.#marked.clear();
    } catch (error) {
      this.#changelog = { error };
    }
    return session.isFailing && !this.#deps.lifetime.abort.aborted;
  }

  /** Takes back the sections of the namespaces that could not be recorded, and says what is missing. */
  async conclude(): Promise<Recorded & { readonly failed: ReadonlySet<FinalRecordable> }> {
    const failed = new Set(this.#failures.keys());
    const errors = Array.from(this.#failures.values(), ({ reason }) => reason);
    const unrecorded = Array.from(this.#failures.values(), ({ unrecorded }) => unrecorded);
    if (this.#changelog !== 'recorded') {
      // Where nothing was recorded, the errors of the namespaces say so already.
      if (this.#marked.size > 0)
        errors.push(`The changelog is not up to date. ${messageOf(this.#changelog?.error)}`);
      return { failed, errors, unrecorded: [...unrecorded, ...this.#unrecordedSections(this.#sections)] };
    }
    const routes = new Set(Array.from(failed, ({ log }) => routeOf(log.result)));
    const wrong = this.#sections.filter(({ route }) => routes.has(route));
    errors.push(...(await this.#removeSections(wrong)));
    return { failed, errors, unrecorded: [...unrecorded, ...this.#unrecordedSections(wrong)] };
  }

  async #removeSections(sections: readonly Section[]): Promise<string[]> {
    try {
      const routes = sections.map(({ route }) => route);
      await removeSections(routes, this.#settings, this.#deps, new WriteSession('checkpoint'));
      return [];
    } catch (error) {
      return [`The changelog names tags that are not recorded. ${messageOf(error)}`];
    }
  }

  #unrecordedSections(sections: readonly Section[]): Unrecorded[] {
    if (sections.length === 0) return [];
    const content = sections.map(({ text }) => text).join('\n');
    return [{ path: this.#settings.changelogPath ?? '', content, addition: content }];
  }
}

/** What to write into the manifest, once it is known whether the changelog names the tags. */
function withMarks(recordable: FinalRecordable, isLogged: boolean, wasMarked: boolean): Recordable {
  const { unlogged, named, log: _, logged, ...rest } = recordable;
  if (!isLogged) return { ...rest, unlogged, ...(logged && { logged }) };
  return { ...rest, logged: joinTags(joinTags(logged, named), wasMarked ? unlogged : new Map()) };
}
