import { targetPathOf } from '../mirror/image-key.ts';
import { type MutableRecordedImages, holds, setEntry } from '../mirror/record-entry.ts';
import { type UndeterminedTag, WorkBuilder } from '../mirror/work.ts';
import type { Registries } from '../oci/registries.ts';
import type { NamespacePlan, Planned } from '../plan/namespace-plan.ts';
import { type JudgedTag, adopt } from './adopt.ts';

/** What the look-up of undetermined tags needs. */
export interface AdoptDeps {
  readonly registries: Pick<Registries, 'source' | 'target'>;
  /** Number of tags that are looked up at the same time. */
  readonly concurrency: number;
  /** Aborted when the run ends: no tag is looked up any more. */
  readonly signal: AbortSignal;
}

/** Looks up the undetermined tags of all plans, and sorts them into unchanged, to be copied, and still undetermined. */
export async function adoptInPlans(plans: readonly Planned[], deps: AdoptDeps): Promise<Planned[]> {
  return Promise.all(
    plans.map(async (plan) => {
      if (plan.kind === 'failure' || plan.undetermined.length === 0) return plan;
      return applyVerdicts(plan, await judge(plan, deps));
    }),
  );
}

async function judge(
  plan: NamespacePlan,
  { registries, concurrency, signal }: AdoptDeps,
): Promise<JudgedTag[]> {
  const { namespace, target } = plan.settings;
  return adopt(plan.undetermined, {
    source: registries.source(namespace.registry),
    target: registries.target(target.registry),
    targetOf: (key) => targetPathOf(plan.settings, key),
    platformsOf: ({ settings }) => (settings ?? plan.settings).platforms,
    reserve: plan.work.length,
    concurrency,
    signal,
  });
}

function applyVerdicts(plan: NamespacePlan, judged: readonly JudgedTag[]): NamespacePlan {
  const builder = new WorkBuilder(plan.work);
  const adopted: MutableRecordedImages = new Map();
  const undetermined: UndeterminedTag[] = [];
  let { unchanged } = plan;
  for (const { undetermined: one, verdict } of judged) {
    const { image, tag, descriptor } = one;
    if (verdict.kind === 'undetermined') undetermined.push(one);
    else if (verdict.kind === 'absent') builder.add(one, 'added', tag);
    else if (
      verdict.kind === 'present' &&
      holds(tag, verdict.entry, descriptor.digest, one.settings ?? plan.settings)
    ) {
      unchanged += 1;
      setEntry(adopted, image, tag, verdict.entry);
    } else builder.add(one, 'updated', tag);
  }
  return { ...plan, work: builder.build(), undetermined, adopted, unchanged };
}
