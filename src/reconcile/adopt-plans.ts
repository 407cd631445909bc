import { type MutableRecordedImages, holds, setEntry } from '../mirror/record-entry.ts';
import { type UndeterminedTag, WorkBuilder } from '../mirror/work.ts';
import type { Registries } from '../oci/registries.ts';
import type { NamespacePlan, Planned } from '../plan/namespace-plan.ts';
import { adopt } from './adopt.ts';

/** Looks for evidence of gcrsync's tags, and sorts them into held, to be copied, and still undetermined. */
export async function adoptInPlans(
  plans: readonly Planned[],
  registries: Registries,
  /** Tags looked up at a time. */
  concurrency: number,
): Promise<Planned[]> {
  return Promise.all(
    plans.map(async (plan) => ('failure' in plan ? plan : adoptInPlan(plan, registries, concurrency))),
  );
}

async function adoptInPlan(
  plan: NamespacePlan,
  registries: Registries,
  /** Tags looked up at a time. */
  concurrency: number,
): Promise<NamespacePlan> {
  if (plan.undetermined.length === 0) return plan;
  const { namespace, target, platforms, referrers } = plan.settings;
  const verdicts = await adopt(plan.undetermined, {
    source: registries.source(namespace.registry),
    target: registries.target(target.registry),
    targetOf: (image) => plan.targets.get(image) ?? image,
    platforms,
    reserve: plan.work.length,
    concurrency,
  });
  const builder = new WorkBuilder(plan.work);
  const adopted: MutableRecordedImages = new Map();
  const undetermined: UndeterminedTag[] = [];
  let { unchanged } = plan;
  for (const { undetermined: one, verdict } of verdicts) {
    const { image, repository, tag, descriptor } = one;
    if (verdict.kind === 'undetermined') undetermined.push(one);
    else if (verdict.kind === 'absent') builder.add(image, repository, descriptor, 'added', tag);
    else if (
      verdict.kind === 'different' ||
      !holds(tag, verdict.entry, descriptor.digest, { platforms, keepsDigests: referrers })
    )
      builder.add(image, repository, descriptor, 'updated', tag);
    else {
      unchanged += 1;
      setEntry(adopted, image, tag, verdict.entry);
    }
  }
  return { ...plan, work: builder.build(), undetermined, adopted, unchanged };
}
