import type { Outcome } from '../copy/pool.ts';
import type { RecordedImages } from '../mirror/record-entry.ts';
import type { NamespaceResult } from '../mirror/result.ts';
import { SerialQueue } from '../oci/async.ts';
import type { NamespacePlan, Planned } from '../plan/namespace-plan.ts';
import { resultOf } from '../report/result-of.ts';
import type { RecordDeps, RecordSettings } from './deps.ts';
import { changeManifest } from './manifest-update.ts';
import { type Recorded, record } from './record.ts';
import { type Recordable, newEntries } from './recordable.ts';
import { WriteAhead } from './write-ahead.ts';

/** Collects what a run does, and records it: at checkpoints what is done by then, at the end all of it. */
export class Recorder {
  readonly #plans: readonly Planned[];
  readonly #settings: RecordSettings;
  readonly #deps: RecordDeps;
  readonly #outcomes = new Map<Planned, Outcome[]>();
  readonly #writeAheads = new Map<NamespacePlan, WriteAhead>();
  /** How many outcomes of a namespace are recorded; absent while not even its adopted tags are. */
  readonly #recorded = new Map<NamespacePlan, number>();
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
      writeAhead = new WriteAhead(plan, async (message, change) =>
        this.#serially(async () => changeManifest(plan, message, change, this.#settings, this.#deps)),
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

  /** Records what is new since the last save. What could not be recorded is tried again at the next save. */
  async save(): Promise<Recorded> {
    return this.#serially(async () => this.#save(() => new Map()));
  }

  /** Records all that is not recorded yet. To be called when no more tags are written. */
  async finish(): Promise<Recorded> {
    return this.#serially(async () =>
      this.#save((plan) => this.#writeAheads.get(plan)?.untouched() ?? new Map()),
    );
  }

  async #serially<T>(write: () => Promise<T>): Promise<T> {
    return this.#writes.run('', write);
  }

  /** @param restored entries that are right again, as their tags will not be written in this run */
  async #save(restored: (plan: NamespacePlan) => RecordedImages): Promise<Recorded> {
    const changed = this.#plans.flatMap((plan) => {
      if (plan.kind === 'failure') return [];
      const outcomes = this.#outcomes.get(plan)?.slice() ?? [];
      const recordable = this.#recordable(plan, outcomes, restored(plan));
      const isNew = outcomes.length > (this.#recorded.get(plan) ?? -1) || recordable.restored.size > 0;
      return isNew ? [{ recordable, count: outcomes.length }] : [];
    });
    const recorded = await record(
      changed.map(({ recordable }) => recordable),
      this.#settings,
      this.#deps,
    );
    for (const { recordable, count } of changed)
      if (recorded.plans.has(recordable.plan)) this.#recorded.set(recordable.plan, count);
    return recorded;
  }

  #recordable(
    plan: NamespacePlan,
    outcomes: readonly Outcome[],
    restored: RecordedImages,
  ): Recordable & { readonly restored: RecordedImages } {
    return {
      plan,
      entries: newEntries(plan, outcomes),
      restored,
      known: this.#writeAheads.get(plan)?.known() ?? plan.recorded.images,
      result: resultOf(plan, outcomes),
    };
  }
}
