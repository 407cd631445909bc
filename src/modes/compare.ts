import type { Inputs } from '../inputs/inputs.ts';
import type { Failure } from '../mirror/failure.ts';
import { formatCount, plural } from '../mirror/format.ts';
import { type StopReason, describeStop } from '../mirror/lifetime.ts';
import { type RecordedImages, countEntries, mergeImages, removeEntries } from '../mirror/record-entry.ts';
import type { NamespaceResult } from '../mirror/result.ts';
import { targetPathOf } from '../mirror/image-key.ts';
import { ownImages } from '../mirror/shard.ts';
import { diff } from '../plan/diff.ts';
import type { NamespacePlan, Planned } from '../plan/namespace-plan.ts';
import { type JudgedTag, adopt } from '../reconcile/adopt.ts';
import { type CheckedContent, applyContentCheck } from '../reconcile/apply-content.ts';
import { audit } from '../reconcile/audit.ts';
import { type Comparison, concludeComparison, findUndetermined } from '../reconcile/conclusion.ts';
import { type Findings, groupFindings } from '../reconcile/findings.ts';
import { type Recorded, recordEntries } from '../record/record.ts';
import type { Recordable } from '../record/recordable.ts';
import { reportedRecord } from '../record/reported-record.ts';
import { describeResult, resultOf } from '../report/result-of.ts';
import type { RunResult } from '../report/result.ts';
import { updateCatalogue } from './catalogue.ts';
import type { Deps } from './deps.ts';
import { prepare } from './prepare.ts';
import { logCommits } from './run-log.ts';
import { withProgress } from './with-progress.ts';
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
    withProgress('audited', plans.length, deps, async (done) =>
      Promise.all(
        plans.map(async (plan) => {
          const one = await auditPlanned(plan, inputs, deps).finally(done);
          deps.logger.info(describeResult(one.result));
          return one;
        }),
      ),
    ),
  );
  const stopReason = deps.lifetime.stopReason();
  const recordables = audited.flatMap((one) => (one.kind === 'audited' ? [one.recordable] : []));
  const {
    errors,
    unrecorded,
    records = [],
  } = await deps.phase('Record', async () => recordComparison(recordables, inputs, deps));
  const catalogueErrors = await updateCatalogue(inputs, deps);
  return {
    mode: 'compare',
    dryRun: inputs.dryRun,
    started,
    finished: deps.now(),
    namespaces: audited.map(({ result }) => result),
    errors: [...errors, ...catalogueErrors],
    warnings: [...warnings, ...(stopReason === undefined ? audited.flatMap(warnOfUnchecked) : [])],
    ...(stopReason !== undefined && { stopped: [explainStop(stopReason)] }),
    unrecorded,
    records,
    commits: deps.commits ?? [],
  };
}

const explainStop = (stopReason: StopReason): string =>
  `${describeStop(stopReason)}. Tags that were not looked up stay recorded`;

/** A pull limit ends the check of the content, and so does the end of the run, which is reported anyway. */
function warnOfUnchecked(audited: Audited): string[] {
  if (audited.kind === 'failure' || audited.unchecked === 0) return [];
  const { namespace, target } = audited.result;
  return [
    `${namespace}: whether ${target} has all blobs and children was not checked for ${plural(audited.unchecked, 'tag')}, ` +
      'to stay within its pull limit. "compare-content: false" skips this check',
  ];
}

async function recordComparison(
  recordables: readonly Recordable[],
  { dryRun, recordWay, metadata }: Inputs,
  deps: Deps,
): Promise<Recorded> {
  if (dryRun) return { errors: [], unrecorded: [] };
  if (recordWay === 'direct') {
    const recorded = await recordEntries(recordables, metadata, deps);
    logCommits(deps.commits ?? [], deps);
    return recorded;
  }
  const records = recordables.flatMap((one) => reportedRecord(one.plan, one) ?? []);
  return { errors: [], unrecorded: [], records };
}

/** A namespace after its audit, or one that could not be prepared for it. */
type Audited =
  | ({ readonly kind: 'audited'; readonly result: NamespaceResult } & AuditedNamespace)
  | { readonly kind: 'failure'; readonly result: NamespaceResult };

async function auditPlanned(plan: Planned, inputs: Inputs, deps: Deps): Promise<Audited> {
  if (plan.kind === 'failure') return { kind: 'failure', result: resultOf(plan) };
  const { recordable, unchecked } = await auditNamespace(plan, inputs, deps);
  return { kind: 'audited', result: recordable.result, recordable, unchecked };
}

/** Checks the recorded tags of one namespace, and looks up all others. */
async function auditNamespace(plan: NamespacePlan, inputs: Inputs, deps: Deps): Promise<AuditedNamespace> {
  const found = await auditRecorded(plan, inputs, deps);
  const checked = await checkPresent(plan, found, await judgeOthers(plan, found, inputs, deps), inputs, deps);
  const { findings, judged, unchecked } = checked;
  const comparison = concludeComparison(plan.recorded.images, findings, judged);
  const isWrongTarget = looksLikeWrongTarget(findings, comparison);
  // The end of a run interrupts look-ups, and a wrong target is reported: neither removes anything.
  const keepsAll = isWrongTarget || deps.lifetime.abort.aborted;
  const removed: RecordedImages = keepsAll ? new Map() : comparison.removed;
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
  return { recordable: { plan, entries: comparison.entries, removed, result }, unchecked };
}

/** The result of an audit, and the number of tags whose content was not checked. */
interface AuditedNamespace {
  readonly recordable: Recordable;
  readonly unchecked: number;
}

/** Checks that the target has all blobs and children of the tags that it has, unless `compare-content` is false. */
async function checkPresent(
  plan: NamespacePlan,
  findings: Findings,
  judged: readonly JudgedTag[],
  { compareContent, queryConcurrency: concurrency }: Inputs,
  { registries, lifetime, logger }: Deps,
): Promise<Pick<CheckedContent, 'findings' | 'judged' | 'unchecked'>> {
  if (!compareContent) return { findings, judged, unchecked: 0 };
  const { target } = plan.settings;
  const checked = await applyContentCheck(findings, judged, plan.recorded.images, {
    target: registries.target(target.registry),
    targetOf: (key) => targetPathOf(plan.settings, key),
    concurrency,
    signal: lifetime.abort,
  });
  for (const { image, tag, missing } of checked.hollow)
    logger.info(
      `${target.registry}/${targetPathOf(plan.settings, image)}:${tag} lacks ${missing.slice(0, 5).join(', ')}`,
    );
  return checked;
}

/** Audits the recorded tags of this job's images that the filters select. */
async function auditRecorded(
  plan: NamespacePlan,
  inputs: Inputs,
  { registries, lifetime }: Deps,
): Promise<Findings> {
  const { target, list = [] } = plan.settings;
  const audited = await audit(selectRecorded(plan, inputs), {
    target: registries.target(target.registry),
    targetOf: (key) => targetPathOf(plan.settings, key),
    referrers: [plan.settings, ...list].some(({ referrers }) => referrers),
    concurrency: inputs.queryConcurrency,
    signal: lifetime.abort,
  });
  return groupFindings(audited);
}

function selectRecorded({ recorded, settings, wants }: NamespacePlan, { shard }: Inputs): RecordedImages {
  const own = ownImages(recorded.images, shard, settings.namespace);
  return new Map(
    Array.from(own, ([image, entries]) => [
      image,
      new Map(Array.from(entries).filter(([tag]) => wants(image, tag))),
    ]),
  );
}

/** Looks up the source's tags that are not recorded, or not as the audit found them. */
async function judgeOthers(
  plan: NamespacePlan,
  { changed }: Findings,
  { queryConcurrency: concurrency }: Inputs,
  { registries, lifetime }: Deps,
): Promise<JudgedTag[]> {
  const { namespace, target } = plan.settings;
  return adopt(findUndetermined(plan.listing, plan.recorded.images, changed, plan.settingsOf), {
    source: registries.source(namespace.registry),
    target: registries.target(target.registry),
    targetOf: (key) => targetPathOf(plan.settings, key),
    platformsOf: ({ settings }) => (settings ?? plan.settings).platforms,
    reserve: 0,
    concurrency,
    signal: lifetime.abort,
  });
}

/** The counts of the corrected record against the source. Tags about which the target did not answer count as failed. */
function countAfter(
  { recorded, listing, settings, settingsOf }: NamespacePlan,
  { unknown, unjudged }: Findings,
  { entries, removed }: Comparison,
): Pick<NamespaceResult, 'unchanged' | 'pending'> {
  const certain = [removed, unknown, unjudged].reduce(removeEntries, recorded.images);
  const corrected = mergeImages(certain, entries);
  const { work, undetermined, unchanged } = diff(listing, corrected, settings, settingsOf);
  const toCopy = work.reduce((sum, { added, updated }) => sum + added.length + updated.length, 0);
  const failed = Array.from(unknown).flatMap(([image, tags]) =>
    Array.from(tags.keys()).filter((tag) => listing.images.get(image)?.tags.has(tag)),
  );
  return { unchanged, pending: undetermined.length + toCopy - failed.length };
}

/** True when the target has nothing of what is recorded: then it is likely not the target that was meant. */
function looksLikeWrongTarget(
  { present, missing, changed, hollow, unjudged }: Findings,
  { entries }: Comparison,
): boolean {
  const others = [changed, hollow, unjudged, entries].reduce((sum, images) => sum + countEntries(images), 0);
  return present.length === 0 && others === 0 && countEntries(missing) > 0;
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
