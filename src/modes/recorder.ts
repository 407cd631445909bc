import type { Outcome } from '../copy/pool.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { NamespaceResult } from '../report/result.ts';
import type { NamespacePlan, Planned } from './prepare.ts';
import { type RecordDeps, type Recorded, entriesOf, record } from './record.ts';
import { resultOf } from './result-of.ts';

/** Gathers what a run does, and records it: at checkpoints what is done so far, in the end all of it. */
export class Recorder {
  readonly #plans: readonly Planned[];
  readonly #inputs: Inputs;
  readonly #deps: RecordDeps;
  readonly #outcomes = new Map<Planned, Outcome[]>();
  /** How many outcomes are recorded, by namespace; none when not even what evidence settled is. */
  readonly #recorded = new Map<NamespacePlan, number>();
  /** One save at a time: two would write the same files. */
  #saving: Promise<unknown> = Promise.resolve();

  constructor(plans: readonly Planned[], inputs: Inputs, deps: RecordDeps) {
    this.#plans = plans;
    this.#inputs = inputs;
    this.#deps = deps;
  }

  note(plan: NamespacePlan, outcome: Outcome): void {
    const outcomes = this.#outcomes.get(plan);
    if (outcomes) outcomes.push(outcome);
    else this.#outcomes.set(plan, [outcome]);
  }

  /** What came of all namespaces so far. */
  results(): NamespaceResult[] {
    return this.#plans.map((plan) => resultOf(plan, this.#inputs, this.#outcomes.get(plan) ?? []));
  }

  /** Records what is new since the last time; what could not be recorded is tried again the next time. */
  async save(): Promise<Recorded> {
    const saving = this.#saving.then(async () => this.#save());
    this.#saving = saving.catch(() => undefined);
    return saving;
  }

  async #save(): Promise<Recorded> {
    const news = this.#plans.flatMap((plan) => {
      if ('failure' in plan) return [];
      const outcomes = this.#outcomes.get(plan)?.slice() ?? [];
      return outcomes.length > (this.#recorded.get(plan) ?? -1) ? [{ plan, outcomes }] : [];
    });
    const recordables = news.map(({ plan, outcomes }) => ({
      plan,
      entries: entriesOf(plan, outcomes),
      result: resultOf(plan, this.#inputs, outcomes),
    }));
    const recorded = await record(recordables, this.#inputs, this.#deps);
    for (const { plan, outcomes } of news)
      if (recorded.plans.has(plan)) this.#recorded.set(plan, outcomes.length);
    return recorded;
  }
}
