import type { Inputs } from '../inputs/inputs.ts';
import type { Failure } from '../mirror/failure.ts';
import { formatCount } from '../mirror/format.ts';
import { type RecordedImages, countEntries, mergeImages, removeEntries } from '../mirror/record-entry.ts';
import type { NamespaceResult } from '../mirror/result.ts';
import { ownImages } from '../mirror/shard.ts';
import { targetRepository } from '../mirror/target-names.ts';
import { diff } from '../plan/diff.ts';
import type { NamespacePlan, Planned } from '../plan/namespace-plan.ts';
import { type JudgedTag, adopt } from '../reconcile/adopt.ts';
import { audit } from '../reconcile/audit.ts';
import { type Comparison, concludeComparison, findUndetermined } from '../reconcile/conclusion.ts';
import { type Findings, groupFindings } from '../reconcile/findings.ts';
import { recordedName } from '../record/names.ts';
import { type Recorded, recordEntries } from '../record/record.ts';
import type { Recordable } from '../record/recordable.ts';
import { reportedRecord } from '../record/reported-record.ts';
import { describeResult, resultOf } from '../report/result-of.ts';
import type { RunResult } from '../report/result.ts';
import { CompiledFilters } from '../select/compiled-filters.ts';
import type { Deps } from './deps.ts';
import { prepare } from './prepare.ts';
import { checkWriteAccess } from './write-access.ts';

/**
 * Looks up what the target really has, and records that; copies nothing. Entries that the target contradicts are reported
 * and removed from the record, so that the next sync copies these tags again.
 */
export async function compare(inputs: Inputs, deps: Deps): Promise<RunResult> {
  const started = deps.now();
  const { plans, warnings } = await prepare(inputs, deps);
  if (!inputs.dryRun) await checkWriteAccess(plans, inputs, deps);
  const audited = await deps.phase('Audit the target', async () =>
    Promise.all(
      plans.map(async (plan) => {
        const one = await auditPlanned(plan, inputs, deps);
        deps.logger.info(describeResult(one.result));
        return one;
      }),
    ),
  );
  const recordables = audited.flatMap((one) => (one.kind === 'audited' ? [one.recordable] : []));
  const {
    errors,
    unrecorded,
    records = [],
  } = await deps.phase('Record', async () => recordComparison(recordables, inputs, deps));
  return {
    mode: 'compare',
    dryRun: inputs.dryRun,
    started,
    finished: deps.now(),
    namespaces: audited.map(({ result }) => result),
    errors,
    warnings,
    unrecorded,
    records,
  };
}

async function recordComparison(
  recordables: readonly Recordable[],
  { dryRun, recordWay, metadata }: Inputs,
  deps: Deps,
): Promise<Recorded> {
  if (dryRun) return { errors: [], unrecorded: [] };
  if (recordWay === 'direct') return recordEntries(recordables, metadata, deps);
  const records = recordables.flatMap((one) => reportedRecord(one.plan, one) ?? []);
  return { errors: [], unrecorded: [], records };
}

/** A namespace after its audit, or one that could not be prepared for it. */
type Audited =
  | { readonly kind: 'audited'; readonly result: NamespaceResult; readonly recordable: Recordable }
  | { readonly kind: 'failure'; readonly result: NamespaceResult };

async function auditPlanned(plan: Planned, inputs: Inputs, deps: Deps): Promise<Audited> {
  if (plan.kind === 'failure') return { kind: 'failure', result: resultOf(plan) };
  const recordable = await auditNamespace(plan, inputs, deps);
  return { kind: 'audited', result: recordable.result, recordable };
}

/** Checks the recorded tags of one namespace, and looks up all others. */
async function auditNamespace(plan: NamespacePlan, inputs: Inputs, deps: Deps): Promise<Recordable> {
  const findings = await auditRecorded(plan, inputs, deps);
  const judged = await judgeOthers(plan, findings, inputs, deps);
  const comparison = concludeComparison(plan.recorded.images, findings, judged);
  const isWrongTarget = looksLikeWrongTarget(findings, comparison);
  const removed: RecordedImages = isWrongTarget ? new Map() : comparison.removed;
  const result: NamespaceResult = {
    ...resultOf(plan),
    ...countAfter(plan, findings, comparison),
    drift: { ...comparison.drift, removed: countEntries(removed) },
    failures: [
      ...plan.listing.failures,
      ...findings.failures,
      ...(isWrongTarget ? [wrongTarget(plan, comparison)] : []),
    ],
    adopted: countEntries(comparison.entries),
  };
  const nameOf = (image: string): string | undefined => recordedName(plan.settings, image);
  return { plan, nameOf, entries: comparison.entries, removed, result };
}

/** Audits the recorded tags of this job's images that the filters select. */
async function auditRecorded(plan: NamespacePlan, inputs: Inputs, { registries }: Deps): Promise<Findings> {
  const { target, referrers } = plan.settings;
  const audited = await audit(selectRecorded(plan, inputs), {
    target: registries.target(target.registry),
    targetOf: (image) => targetOf(plan, image),
    referrers,
    concurrency: inputs.queryConcurrency,
  });
  return groupFindings(audited);
}

function selectRecorded({ recorded, settings }: NamespacePlan, { shard }: Inputs): RecordedImages {
  const { wantsName } = new CompiledFilters(settings.filters);
  const own = ownImages(recorded.images, shard, settings.namespace);
  return new Map(
    Array.from(own, ([image, entries]) => [
      image,
      new Map(Array.from(entries).filter(([tag]) => wantsName(image, tag))),
    ]),
  );
}

/** Looks up the source's tags that are not recorded, or not as the audit found them. */
async function judgeOthers(
  plan: NamespacePlan,
  { changed }: Findings,
  { queryConcurrency: concurrency }: Inputs,
  { registries }: Deps,
): Promise<JudgedTag[]> {
  const { namespace, target, platforms } = plan.settings;
  return adopt(findUndetermined(plan.listing, plan.recorded.images, changed), {
    source: registries.source(namespace.registry),
    target: registries.target(target.registry),
    targetOf: (image) => targetOf(plan, image),
    platforms,
    reserve: 0,
    concurrency,
  });
}

/** The target's repository of an image, which the source may no longer have. */
function targetOf({ settings: { targetName, target, namespace } }: NamespacePlan, image: string): string {
  return targetRepository(targetName, target, namespace, image);
}

/** The counts of the corrected record against the source. Tags about which the target did not answer count as failed. */
function countAfter(
  { recorded, listing, settings: { platforms, referrers } }: NamespacePlan,
  { unknown }: Findings,
  { entries, removed }: Comparison,
): Pick<NamespaceResult, 'unchanged' | 'pending'> {
  const corrected = mergeImages(removeEntries(removeEntries(recorded.images, removed), unknown), entries);
  const { work, undetermined, unchanged } = diff(listing, corrected, platforms, referrers);
  const toCopy = work.reduce((sum, { added, updated }) => sum + added.length + updated.length, 0);
  const failed = Array.from(unknown).flatMap(([image, tags]) =>
    Array.from(tags.keys()).filter((tag) => listing.images.get(image)?.tags.has(tag)),
  );
  return { unchanged, pending: undetermined.length + toCopy - failed.length };
}

/** A record of this many tags is soon copied again. */
const FEW_TAGS = 10;

/** True when the target has nothing of a long record: then it is likely not the target that was meant. */
function looksLikeWrongTarget({ present, missing, changed }: Findings, { entries }: Comparison): boolean {
  return present === 0 && changed.size === 0 && entries.size === 0 && countEntries(missing) > FEW_TAGS;
}

function wrongTarget({ recordPath }: NamespacePlan, { drift }: Comparison): Failure {
  const images = formatCount(drift.missing.length);
  return {
    image: '',
    tags: [],
    reason:
      `the target has none of the tags recorded in ${recordPath}, of ${images} images. The record was left as it ` +
      'is: check "target" and its credentials; if the mirror was really deleted, delete the file',
  };
}
