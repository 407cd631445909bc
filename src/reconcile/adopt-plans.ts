import { type OpenImages, holds, setEntry } from '../mirror/record-entry.ts';
import { type Unsettled, WorkBuilder } from '../mirror/work.ts';
import type { Registries } from '../oci/registries.ts';
import type { NamespacePlan, Planned } from '../plan/namespace-plan.ts';
import { settle } from './adopt.ts';

/** Looks for evidence of gcrsync's tags, and sorts them into held, to be copied, and still unsettled. */
export async function settlePlans(
  plans: readonly Planned[],
  registries: Registries,
  /** Tags looked up at a time. */
  concurrency: number,
): Promise<Planned[]> {
  return Promise.all(
    plans.map(async (plan) => ('failure' in plan ? plan : settlePlan(plan, registries, concurrency))),
  );
}

async function settlePlan(
  plan: NamespacePlan,
  registries: Registries,
  /** Tags looked up at a time. */
  concurrency: number,
): Promise<NamespacePlan> {
  if (plan.unsettled.length === 0) return plan;
  const { namespace, target, platforms, referrers } = plan.settings;
  const verdicts = await settle(plan.unsettled, {
    source: registries.source(namespace.registry),
    target: registries.target(target.registry),
    targetOf: (image) => plan.targets.get(image) ?? image,
    platforms,
    reserve: plan.work.length,
    concurrency,
  });
  const builder = new WorkBuilder(plan.work);
  const settled: OpenImages = new Map();
  const unsettled: Unsettled[] = [];
  let { unchanged } = plan;
  for (const { unsettled: one, verdict } of verdicts) {
    const { image, repository, tag, manifest } = one;
    if (verdict.kind === 'open') unsettled.push(one);
    else if (verdict.kind === 'missing') builder.add(image, repository, manifest, 'added', tag);
    else if (
      verdict.kind === 'other' ||
      !holds(tag, verdict.entry, manifest.digest, { platforms, keepsDigests: referrers })
    )
      builder.add(image, repository, manifest, 'updated', tag);
    else {
      unchanged += 1;
      setEntry(settled, image, tag, verdict.entry);
    }
  }
  return { ...plan, work: builder.build(), unsettled, settled, unchanged };
}
