import type { Outcome } from '../copy/pool.ts';
import { type Namespace, formatNamespace } from '../namespace.ts';
import type { CopiedImage, Failure, NamespaceResult } from '../report/result.ts';
import type { NamespaceFailure, NamespacePlan } from './prepare.ts';

/** What came of a namespace: its outcomes when it was copied, none in a dry run or when no engine could be had. */
export function resultOf(
  plan: NamespacePlan | NamespaceFailure,
  target: Namespace,
  outcomes: readonly Outcome[] | 'dry run',
): NamespaceResult {
  const names = { namespace: formatNamespace(plan.namespace), target: formatNamespace(target) };
  if ('failure' in plan) return { ...names, ...NOTHING, failures: [plan.failure] };
  const { selection, targets, unchanged, gone, open, settled } = plan;
  const nameOf = (image: string): string => `${target.registry}/${targets.get(image) ?? image}`;
  const copied = outcomes === 'dry run' ? planned(plan, nameOf) : mirrored(outcomes, nameOf);
  const failures = outcomes === 'dry run' ? [] : failed(outcomes);
  const done = copied.reduce((sum, { added, updated }) => sum + added.length + updated.length, 0);
  const wanted = plan.work.reduce((sum, { added, updated }) => sum + added.length + updated.length, 0);
  const lost = failures.reduce((sum, { tags }) => sum + tags.length, 0);
  return {
    ...names,
    copied: copied.toSorted((a, b) => (a.image < b.image ? -1 : 1)),
    failures: [...selection.listing.failures, ...failures],
    unsupported: selection.unsupported,
    unchanged,
    gone,
    pending: open + wanted - done - lost,
    settled: Array.from(settled.values()).reduce((sum, { size }) => sum + size, 0),
    filtered: selection.filtered,
  };
}

const NOTHING = {
  copied: [],
  failures: [],
  unsupported: [],
  unchanged: 0,
  gone: 0,
  pending: 0,
  settled: 0,
  filtered: 0,
} satisfies Partial<NamespaceResult>;

function planned({ work }: NamespacePlan, nameOf: (image: string) => string): CopiedImage[] {
  return work.map(({ image, manifest, added, updated }) => ({
    image,
    target: nameOf(image),
    digest: manifest.digest,
    added,
    updated,
    bytes: manifest.size ?? 0,
  }));
}

function mirrored(outcomes: readonly Outcome[], nameOf: (image: string) => string): CopiedImage[] {
  return outcomes
    .filter(({ held }) => held.size > 0)
    .map(({ work: { image, manifest, added, updated }, held, bytes }) => ({
      image,
      target: nameOf(image),
      digest: manifest.digest,
      added: added.filter((tag) => held.has(tag)),
      updated: updated.filter((tag) => held.has(tag)),
      bytes,
    }));
}

function failed(outcomes: readonly Outcome[]): Failure[] {
  return outcomes.flatMap(({ work: { image, added, updated }, held, error }) => {
    if (error === undefined) return [];
    return [{ image, tags: [...added, ...updated].filter((tag) => !held.has(tag)), reason: error }];
  });
}
