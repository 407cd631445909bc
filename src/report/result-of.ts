import type { Outcome } from '../copy/pool.ts';
import { type Failure, countTags } from '../mirror/failure.ts';
import { NOTHING_FILTERED_OUT } from '../mirror/filters.ts';
import { formatCount, plural } from '../mirror/format.ts';
import { targetPathOf } from '../mirror/image-key.ts';
import type { EngineName } from '../mirror/mode.ts';
import { formatNamespace } from '../mirror/namespace.ts';
import { countEntries } from '../mirror/record-entry.ts';
import { type CopiedImage, type NamespaceResult, countAll, describeDrift } from '../mirror/result.ts';
import type { Work } from '../mirror/work.ts';
import type { Digest } from '../oci/digest.ts';
import type { NamespaceFailure, NamespaceIdentity, NamespacePlan, Planned } from '../plan/namespace-plan.ts';
import { countPulls } from '../plan/pulls.ts';

/**
 * The result of a namespace.
 *
 * @param outcomes one for each piece of work that was copied or failed
 */
export function resultOf(plan: Planned, outcomes: readonly Outcome[] = []): NamespaceResult {
  if (plan.kind === 'failure') return failedResult(plan);
  const copied = copiedImages(outcomes, plan);
  const failures = copyFailures(outcomes);
  return {
    ...plannedResult(plan, copied),
    failures: [...plan.listing.failures, ...failures],
    pending: pendingTags(plan, copied) - countTags(failures),
    ...countReferrers(new Set(plan.referrers?.rechecks), outcomes),
  };
}

/** The result of a namespace in a dry run or plan: what a run would copy. */
export function dryRunResult(plan: Planned, engine: EngineName): NamespaceResult {
  if (plan.kind === 'failure') return failedResult(plan);
  return {
    ...plannedResult(plan, plannedImages(plan)),
    pulls: countPulls(plan.work, engine, plan.settings.referrers),
  };
}

/** The result of a namespace in which nothing happened. */
export function emptyResult(namespace: string, target: string): NamespaceResult {
  return { namespace, target, ...NOTHING_HAPPENED };
}

function failedResult(plan: NamespaceFailure): NamespaceResult {
  return { ...namesOf(plan), ...NOTHING_HAPPENED, failures: [plan.failure] };
}

function namesOf({ name, settings }: NamespaceIdentity): Pick<NamespaceResult, 'namespace' | 'target'> {
  return { namespace: name, target: formatNamespace(settings.target) };
}

function plannedResult(plan: NamespacePlan, copied: readonly CopiedImage[]): NamespaceResult {
  const { listing, filteredOut, notRechecked, unsupported, unchanged, gone, adopted } = plan;
  return {
    ...namesOf(plan),
    ...NOTHING_HAPPENED,
    copied: copied.toSorted((a, b) => (a.image < b.image ? -1 : 1)),
    failures: listing.failures,
    unsupported,
    unchanged,
    gone,
    pending: pendingTags(plan, copied),
    adopted: countEntries(adopted),
    filteredOut,
    notRechecked,
  };
}

/** Number of tags to mirror that are not in `copied`. */
function pendingTags({ work, undetermined }: NamespacePlan, copied: readonly CopiedImage[]): number {
  const count = (all: readonly Pick<CopiedImage, 'added' | 'updated'>[]): number =>
    all.reduce((sum, { added, updated }) => sum + added.length + updated.length, 0);
  return undetermined.length + count(work) - count(copied);
}

/** `docker.io/gcrxio/base` */
export function targetNameOf({ settings }: NamespacePlan, key: string): string {
  return `${settings.target.registry}/${targetPathOf(settings, key)}`;
}

/** `gcr.io/distroless: 3 new tags, 1 moved, 40 unchanged, 0 removed from the source` */
export function describeResult(result: NamespaceResult): string {
  const { added, updated, unchanged, gone, pending } = countAll([result]);
  const parts = [
    plural(added, 'new tag'),
    `${formatCount(updated)} moved`,
    `${formatCount(unchanged)} unchanged`,
    `${formatCount(gone)} removed from the source`,
    ...(pending > 0 ? [`${formatCount(pending)} pending`] : []),
    ...(result.failures.length > 0 ? [plural(result.failures.length, 'failure')] : []),
    ...(result.drift ? [describeDrift(result.drift)] : []),
  ];
  return `${result.namespace}: ${parts.join(', ')}`;
}

/** The counts of a namespace in which nothing happened. */
export const NOTHING_HAPPENED = {
  copied: [],
  failures: [],
  unsupported: [],
  unchanged: 0,
  gone: [],
  pending: 0,
  adopted: 0,
  filteredOut: NOTHING_FILTERED_OUT,
  notRechecked: 0,
  referrers: 0,
  referrerBytes: 0,
  referrersUnchecked: 0,
} satisfies Partial<NamespaceResult>;

function plannedImages(plan: NamespacePlan): CopiedImage[] {
  return plan.work.map(({ image, descriptor, added, updated }) => ({
    image,
    target: targetNameOf(plan, image),
    digest: descriptor.digest,
    added,
    updated,
    bytes: descriptor.size ?? 0,
  }));
}

function copiedImages(outcomes: readonly Outcome[], plan: NamespacePlan): CopiedImage[] {
  return outcomes
    .filter(({ verifiedTags }) => verifiedTags.size > 0)
    .map(({ work: { image, descriptor, added, updated }, verifiedTags, bytes }) => ({
      image,
      target: targetNameOf(plan, image),
      digest: descriptor.digest,
      ...differingDigest(descriptor.digest, verifiedTags),
      added: added.filter((tag) => verifiedTags.has(tag)),
      updated: updated.filter((tag) => verifiedTags.has(tag)),
      bytes,
    }));
}

/** The digest at the target, if it is another one. */
function differingDigest(
  source: Digest,
  verifiedTags: Outcome['verifiedTags'],
): Pick<CopiedImage, 'targetDigest'> {
  const [held] = verifiedTags.values();
  return held === undefined || held.digest === source ? {} : { targetDigest: held.digest };
}

function copyFailures(outcomes: readonly Outcome[]): Failure[] {
  return outcomes.flatMap(({ work: { image, descriptor, added, updated }, verifiedTags, error }) => {
    if (error === undefined) return [];
    const tags = [...added, ...updated];
    const reason =
      tags.length > 0 ? error : `the referrers of ${descriptor.digest} were not mirrored: ${error}`;
    return [{ image, tags: tags.filter((tag) => !verifiedTags.has(tag)), reason }];
  });
}

/** @param rechecks the images whose referrers were due for a check */
function countReferrers(
  rechecks: ReadonlySet<Work>,
  outcomes: readonly Outcome[],
): Pick<NamespaceResult, 'referrers' | 'referrerBytes' | 'referrersUnchecked'> {
  const rechecked = outcomes.filter(({ work }) => rechecks.has(work));
  return {
    referrers: outcomes.reduce((sum, { referrers = 0 }) => sum + referrers, 0),
    referrerBytes: rechecked.reduce((sum, { bytes }) => sum + bytes, 0),
    referrersUnchecked: rechecks.size - rechecked.filter(({ isPending }) => isPending !== true).length,
  };
}
