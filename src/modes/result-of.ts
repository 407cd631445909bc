import type { Outcome } from '../copy/pool.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { countEntries } from '../metadata/namespace-manifest.ts';
import { formatNamespace } from '../namespace.ts';
import type { Work } from '../plan/diff.ts';
import { countPulls } from '../plan/pulls.ts';
import { NOTHING_DROPPED } from '../source/filters.ts';
import { describeDrift, formatCount, plural } from '../report/format.ts';
import {
  type CopiedImage,
  type Failure,
  type NamespaceResult,
  countAll,
  countTags,
} from '../report/result.ts';
import type { NamespacePlan, Planned } from './prepare.ts';

/**
 * What came of a namespace.
 *
 * @param outcomes of what was copied, none when nothing was; `dry run` for what would be copied
 */
export function resultOf(
  plan: Planned,
  { engine }: Pick<Inputs, 'engine'>,
  outcomes: readonly Outcome[] | 'dry run',
): NamespaceResult {
  const { namespace, target } = plan.settings;
  const names = { namespace: formatNamespace(namespace), target: formatNamespace(target) };
  if ('failure' in plan) return { ...names, ...NOTHING, failures: [plan.failure] };
  const { listing, dropped, recalled, unsupported, targets, unchanged, gone, unsettled, settled } = plan;
  const nameOf = (image: string): string => `${target.registry}/${targets.get(image) ?? image}`;
  const copied = outcomes === 'dry run' ? planned(plan, nameOf) : mirrored(outcomes, nameOf);
  const failures = outcomes === 'dry run' ? [] : failed(outcomes);
  const done = copied.reduce((sum, { added, updated }) => sum + added.length + updated.length, 0);
  const wanted = plan.work.reduce((sum, { added, updated }) => sum + added.length + updated.length, 0);
  return {
    ...names,
    ...NOTHING,
    copied: copied.toSorted((a, b) => (a.image < b.image ? -1 : 1)),
    failures: [...listing.failures, ...failures],
    unsupported,
    unchanged,
    gone,
    pending: unsettled.length + wanted - done - countTags(failures),
    settled: countEntries(settled),
    dropped,
    recalled,
    ...(outcomes === 'dry run'
      ? { pulls: countPulls(plan.work, engine, plan.settings.referrers) }
      : referred(new Set(plan.referrers?.rechecks), outcomes)),
  };
}

/** `gcr.io/distroless: 3 new tags, 1 moved, 40 unchanged, 0 gone` */
export function describe(result: NamespaceResult): string {
  const { added, updated, unchanged, gone, pending } = countAll([result]);
  const parts = [
    plural(added, 'new tag'),
    `${formatCount(updated)} moved`,
    `${formatCount(unchanged)} unchanged`,
    `${formatCount(gone)} gone`,
    ...(pending > 0 ? [`${formatCount(pending)} waiting`] : []),
    ...(result.failures.length > 0 ? [plural(result.failures.length, 'failure')] : []),
    ...(result.drift ? [describeDrift(result.drift)] : []),
  ];
  return `${result.namespace}: ${parts.join(', ')}`;
}

const NOTHING = {
  copied: [],
  failures: [],
  unsupported: [],
  unchanged: 0,
  gone: [],
  pending: 0,
  settled: 0,
  dropped: NOTHING_DROPPED,
  recalled: 0,
  referrers: 0,
  referrerBytes: 0,
  unasked: 0,
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
  return outcomes.flatMap(({ work: { image, manifest, added, updated }, held, error }) => {
    if (error === undefined) return [];
    const tags = [...added, ...updated];
    const reason = tags.length > 0 ? error : `what refers to ${manifest.digest} was not mirrored: ${error}`;
    return [{ image, tags: tags.filter((tag) => !held.has(tag)), reason }];
  });
}

/** @param rechecks the images that were to be asked for */
function referred(
  rechecks: ReadonlySet<Work>,
  outcomes: readonly Outcome[],
): Pick<NamespaceResult, 'referrers' | 'referrerBytes' | 'unasked'> {
  const rechecked = outcomes.filter(({ work }) => rechecks.has(work));
  return {
    referrers: outcomes.reduce((sum, { referrers = 0 }) => sum + referrers, 0),
    referrerBytes: rechecked.reduce((sum, { bytes }) => sum + bytes, 0),
    unasked: rechecks.size - rechecked.filter(({ isLeft }) => isLeft !== true).length,
  };
}
