import type { Outcome } from '../copy/pool.ts';
import { PostponedError } from '../mirror/copy-error.ts';
import { plural } from '../mirror/format.ts';
import type { NamespaceResult } from '../mirror/result.ts';
import type { Logger } from '../oci/logger.ts';
import { type NamespacePlan, type Planned, plansOf } from '../plan/namespace-plan.ts';
import { resultOf } from '../report/result-of.ts';
import type { RecordSettings } from './deps.ts';
import type { Recorded } from './record.ts';
import { entriesOf, withAdopted } from './recordable.ts';
import type { RunRecorder, Saved } from './recorder.ts';
import { reportedRecord } from './reported-record.ts';
import { earlierTags, unloggedOf } from './unlogged.ts';

/** Collects what a run does for its JSON report, from which a later job records it. Writes nothing itself. */
export class ReportRecorder implements RunRecorder {
  readonly #plans: readonly Planned[];
  readonly #settings: RecordSettings;
  readonly #logger: Logger;
  readonly #outcomes = new Map<Planned, Outcome[]>();
  /** Tags that moved after the plan announced those that move. */
  readonly #unannounced = new Set<string>();

  constructor(plans: readonly Planned[], settings: RecordSettings, logger: Logger) {
    this.#plans = plans;
    this.#settings = settings;
    this.#logger = logger;
  }

  /** @throws PostponedError for a tag that the plan did not announce: the record names its digest still */
  async beforeOverwrite({ recordPath, recorded }: NamespacePlan, image: string, tag: string): Promise<void> {
    if (!recorded.images.get(image)?.get(tag)) return Promise.resolve();
    this.#unannounced.add(`${recordPath} ${image}:${tag}`);
    throw new PostponedError('it moved after the plan, and the next plan announces it');
  }

  note(plan: NamespacePlan, outcome: Outcome): void {
    const outcomes = this.#outcomes.get(plan);
    if (outcomes) outcomes.push(outcome);
    else this.#outcomes.set(plan, [outcome]);
  }

  results(): NamespaceResult[] {
    return this.#plans.map((plan) => resultOf(plan, this.#outcomes.get(plan) ?? []));
  }

  async save(): Promise<Saved> {
    return Promise.resolve({ errors: [], files: 0 });
  }

  async finish(): Promise<Recorded> {
    if (this.#unannounced.size > 0) {
      const tags = plural(this.#unannounced.size, 'tag');
      this.#logger.info(`${tags} moved, and no plan announced it. They are left to the next run.`);
    }
    const records = plansOf(this.#plans).flatMap((plan) => {
      const outcomes = this.#outcomes.get(plan) ?? [];
      const own = unloggedOf(resultOf(plan, outcomes).copied);
      const record = reportedRecord(plan, {
        entries: withAdopted(entriesOf(outcomes), plan),
        ...(this.#settings.changelogPath !== undefined && { unlogged: earlierTags(plan, own) }),
      });
      return record ? [record] : [];
    });
    return Promise.resolve({ errors: [], unrecorded: [], records });
  }
}
