import type { Outcome } from '../copy/pool.ts';
import { WriteSession } from '../github/write-session.ts';
import type { RecordedImages, UnloggedTags } from '../mirror/record-entry.ts';
import type { NamespaceResult } from '../mirror/result.ts';
import { SerialQueue } from '../oci/async.ts';
import { type NamespacePlan, type Planned, plansOf } from '../plan/namespace-plan.ts';
import { resultOf } from '../report/result-of.ts';
import type { RecordDeps, RecordSettings } from './deps.ts';
import { type ManifestChange, hasChanges } from './manifest-change.ts';
import { updateManifest } from './manifest-update.ts';
import { type FinalRecordable, type Recorded, record, recordManifests } from './record.ts';
import { type Recordable, entriesOf, withAdopted } from './recordable.ts';
import { finalDelayMs } from './schedule.ts';
import { type TagSets, earlierTags, joinTags, unloggedOf } from './unlogged.ts';
import { WriteAhead } from './write-ahead.ts';

/** With less time than this, the manifests come before the changelog: marks in them keep what the changelog lacks. */
const LITTLE_TIME_MS = 60_000;

/** Collects what a run does, and sees to it that it is recorded. */
export type RunRecorder = Pick<Recorder, 'beforeOverwrite' | 'note' | 'results' | 'save' | 'finish'>;

/** What came of a checkpoint. */
export interface Saved {
  /** What could not be recorded, for people. */
  readonly errors: readonly string[];
  /** Number of files that it wrote, or tried to. */
  readonly files: number;
}

/** How much of a namespace is recorded. */
interface Progress {
  /** The first outcomes, whose entries are in the manifest. */
  readonly outcomes: number;
  /** True when a checkpoint marked tags that the changelog does not name. */
  readonly isMarked: boolean;
}

/** Collects what a run does, and records it: at checkpoints what is done by then, at the end all of it. */
export class Recorder {
  readonly #plans: readonly Planned[];
  readonly #settings: RecordSettings;
  readonly #deps: RecordDeps;
  readonly #outcomes = new Map<Planned, Outcome[]>();
  readonly #writeAheads = new Map<NamespacePlan, WriteAhead>();
  /** Absent while nothing of the namespace is recorded, not even its adopted tags. */
  readonly #progress = new Map<NamespacePlan, Progress>();
  /** One write at a time: two would write the same files. */
  readonly #writes = new SerialQueue();

  constructor(plans: readonly Planned[], settings: RecordSettings, deps: RecordDeps) {
    this.#plans = plans;
    this.#settings = settings;
    this.#deps = deps;
  }

  /**
   * To be awaited before a tag is written at the target.
   *
   * @throws CopyError when the tag must not be written
   */
  async beforeOverwrite(plan: NamespacePlan, image: string, tag: string): Promise<void> {
    let writeAhead = this.#writeAheads.get(plan);
    if (!writeAhead) {
      const session = (): WriteSession => new WriteSession('announcement');
      writeAhead = new WriteAhead(
        plan,
        async (message, change) =>
          this.#serially(async () => {
            // From then on no tag is written, and the time that is left is for what was done.
            this.#deps.lifetime.abort.throwIfAborted();
            await updateManifest(plan, message, change, this.#settings, this.#deps, session());
          }),
        { isLogged: this.#keepsChangelog(), now: this.#deps.now },
      );
      this.#writeAheads.set(plan, writeAhead);
    }
    await writeAhead.beforeOverwrite(image, tag);
  }

  note(plan: NamespacePlan, outcome: Outcome): void {
    const outcomes = this.#outcomes.get(plan);
    if (outcomes) outcomes.push(outcome);
    else this.#outcomes.set(plan, [outcome]);
  }

  /** What happened to all namespaces so far. */
  results(): NamespaceResult[] {
    return this.#plans.map((plan) => resultOf(plan, this.#outcomes.get(plan) ?? []));
  }

  /**
   * A checkpoint: records what is new since the last one in the namespace manifests. The changelog waits for the end. What
   * could not be recorded is tried again at the next checkpoint.
   */
  async save(): Promise<Saved> {
    return this.#serially(async () => this.#save(new WriteSession('checkpoint')));
  }

  /** Records all that is not recorded yet. To be called when no more tags are written. */
  async finish(): Promise<Recorded> {
    return this.#serially(async () => {
      const { lifetime, jobs, random, sleep } = this.#deps;
      if (lifetime.abort.aborted && lifetime.timeLeftMs() < LITTLE_TIME_MS)
        await this.#save(new WriteSession('final'));
      const recordables = this.#namespaces()
        .map((plan) => this.#finalRecordable(plan))
        .filter((one) => hasChanges(withNamed(one)));
      if (recordables.length > 0)
        await sleep(finalDelayMs(jobs, lifetime.timeLeftMs(), random)).catch(() => undefined);
      const { errors, unrecorded } = await record(recordables, this.#settings, this.#deps);
      return { errors, unrecorded };
    });
  }

  async #save(session: WriteSession): Promise<Saved> {
    const changed = this.#namespaces()
      .filter((plan) => this.#hasNews(plan))
      .map((plan) => ({ ...this.#recordable(plan), count: this.#outcomes.get(plan)?.length ?? 0 }));
    const failures = await recordManifests(changed, this.#settings, this.#deps, session);
    for (const recordable of changed) {
      const { plan, count, unlogged } = recordable;
      if (failures.has(recordable)) continue;
      const isMarked = unlogged.size > 0 || this.#progress.get(plan)?.isMarked === true;
      this.#progress.set(plan, { outcomes: count, isMarked });
    }
    return {
      errors: Array.from(failures.values(), ({ reason }) => reason),
      files: changed.length,
    };
  }

  #namespaces(): NamespacePlan[] {
    return plansOf(this.#plans);
  }

  #keepsChangelog(): boolean {
    return this.#settings.changelogPath !== undefined;
  }

  /** True when the manifest lacks something that was copied or adopted. */
  #hasNews(plan: NamespacePlan): boolean {
    return (this.#outcomes.get(plan)?.length ?? 0) > (this.#progress.get(plan)?.outcomes ?? -1);
  }

  /** What is new since the last checkpoint: older entries may have been replaced by another job since. */
  #recordable(plan: NamespacePlan): Recordable & { readonly plan: NamespacePlan; unlogged: UnloggedTags } {
    const outcomes = this.#outcomes.get(plan) ?? [];
    const done = this.#progress.get(plan)?.outcomes;
    const fresh = outcomes.slice(done ?? 0);
    const entries = entriesOf(fresh);
    const result = resultOf(plan, fresh);
    return {
      plan,
      entries: done === undefined ? withAdopted(entries, plan) : entries,
      unlogged: this.#keepsChangelog() ? unloggedOf(result.copied) : new Map(),
      known: this.#writeAheads.get(plan)?.known() ?? plan.recorded,
      result,
    };
  }

  #finalRecordable(plan: NamespacePlan): FinalRecordable {
    const writeAhead = this.#writeAheads.get(plan);
    const restored = writeAhead?.untouched() ?? new Map();
    const result = resultOf(plan, this.#outcomes.get(plan) ?? []);
    const own = unloggedOf(result.copied);
    const earlier = this.#keepsChangelog() ? earlierTags(plan, own) : new Map();
    const marked = this.#progress.get(plan)?.isMarked === true || (writeAhead?.announced().size ?? 0) > 0;
    return {
      ...this.#recordable(plan),
      restored,
      // Marks of tags that were announced, and did not move.
      logged: withoutTags(restored, plan.unlogged),
      log: { result, earlier },
      named: joinTags(marked ? own : undefined, earlier),
    };
  }

  async #serially<T>(write: () => Promise<T>): Promise<T> {
    return this.#writes.run('', write);
  }
}

function withoutTags(images: RecordedImages, tags: TagSets | undefined): TagSets {
  return new Map(
    Array.from(images, ([image, entries]) => [
      image,
      new Map(Array.from(entries).filter(([tag]) => tags?.get(image)?.has(tag) !== true)),
    ]),
  );
}

/** With the marks to replace as changes: they are a reason to write. */
function withNamed(one: FinalRecordable): ManifestChange {
  return { ...one, logged: joinTags(one.logged, one.named) };
}
