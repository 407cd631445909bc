import type { Outcome } from '../copy/pool.ts';
import type { NamespaceResult } from '../mirror/result.ts';
import type { NamespacePlan, Planned } from '../plan/namespace-plan.ts';
import { resultOf } from '../report/result-of.ts';
import {
  type RecordDeps,
  type RecordSettings,
  type Recorded,
  changeManifest,
  newEntries,
  record,
} from './record.ts';
import { WriteAhead } from './write-ahead.ts';

/** Gathers what a run does, and records it: at checkpoints what is done so far, in the end all of it. */
export class Recorder {
  readonly #plans: readonly Planned[];
  readonly #settings: RecordSettings;
  readonly #deps: RecordDeps;
  readonly #outcomes = new Map<Planned, Outcome[]>();
  readonly #writeAheads = new Map<NamespacePlan, WriteAhead>();
  /** How many outcomes are recorded, by namespace; none when not even what evidence settled is. */
  readonly #recorded = new Map<NamespacePlan, number>();
  /** One write at a time: two would write the same files. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(plans: readonly Planned[], settings: RecordSettings, deps: RecordDeps) {
    this.#plans = plans;
    this.#settings = settings;
    this.#deps = deps;
  }

  /**
   * To be awaited before a tag is written at the target.
   *
   * @throws CopyError when it must not be
   */
  async beforeOverwrite(plan: NamespacePlan, image: string, tag: string): Promise<void> {
    let claims = this.#writeAheads.get(plan);
    if (!claims) {
      claims = new WriteAhead(plan, async (message, change) =>
        this.#serially(async () => changeManifest(plan, message, change, this.#settings, this.#deps)),
      );
      this.#writeAheads.set(plan, claims);
    }
    await claims.beforeOverwrite(image, tag);
  }

  note(plan: NamespacePlan, outcome: Outcome): void {
    const outcomes = this.#outcomes.get(plan);
    if (outcomes) outcomes.push(outcome);
    else this.#outcomes.set(plan, [outcome]);
  }

  /** What came of all namespaces so far. */
  results(): NamespaceResult[] {
    return this.#plans.map((plan) => resultOf(plan, this.#outcomes.get(plan) ?? []));
  }

  /** Records what is new since the last time; what could not be recorded is tried again the next time. */
  async save(): Promise<Recorded> {
    return this.#serially(async () => this.#save(() => undefined));
  }

  /** Records all that is not recorded yet, once no tag is written any more. */
  async finish(): Promise<Recorded> {
    return this.#serially(async () => this.#save((plan) => this.#writeAheads.get(plan)?.untouched()));
  }

  async #serially<T>(write: () => Promise<T>): Promise<T> {
    const writing = this.#writing.then(write);
    this.#writing = writing.catch(() => undefined);
    return writing;
  }

  /** @param untouched entries that hold again, as their tags will not be written in this run */
  async #save(untouched: (plan: NamespacePlan) => NamespacePlan['adopted'] | undefined): Promise<Recorded> {
    const news = this.#plans.flatMap((plan) => {
      if (plan.kind === 'failure') return [];
      const outcomes = this.#outcomes.get(plan)?.slice() ?? [];
      const restored = untouched(plan) ?? new Map();
      const isNew = outcomes.length > (this.#recorded.get(plan) ?? -1) || restored.size > 0;
      return isNew ? [{ plan, outcomes, restored }] : [];
    });
    const recordables = news.map(({ plan, outcomes, restored }) => ({
      plan,
      entries: newEntries(plan, outcomes),
      restored,
      known: this.#writeAheads.get(plan)?.known() ?? plan.recorded.images,
      result: resultOf(plan, outcomes),
    }));
    const recorded = await record(recordables, this.#settings, this.#deps);
    for (const { plan, outcomes } of news)
      if (recorded.plans.has(plan)) this.#recorded.set(plan, outcomes.length);
    return recorded;
  }
}
