import type { Inputs } from '../inputs/inputs.ts';
import type { Failure } from '../mirror/failure.ts';
import { formatCount } from '../mirror/format.ts';
import { type RecordedImages, countEntries, mergeImages, removeEntries } from '../mirror/record-entry.ts';
import type { NamespaceResult } from '../mirror/result.ts';
import { ownImages } from '../mirror/shard.ts';
import { targetRepository } from '../mirror/target-names.ts';
import { diff } from '../plan/diff.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import { adopt } from '../reconcile/adopt.ts';
import { audit } from '../reconcile/audit.ts';
import { type Findings, concludeComparison, findUndetermined, sortFindings } from '../reconcile/findings.ts';
import { record } from '../record/record.ts';
import type { Recordable } from '../record/recordable.ts';
import { describeResult, resultOf } from '../report/result-of.ts';
import type { RunResult } from '../report/result.ts';
import { CompiledFilters } from '../select/compiled-filters.ts';
import type { Deps } from './deps.ts';
import { prepare } from './prepare.ts';

/**
 * Asks the target what it really holds, and records that; copies nothing. What is recorded and is not so is reported
 * and taken out of the record, so that the next sync brings it again.
 */
export async function compare(inputs: Inputs, deps: Deps): Promise<RunResult> {
  const started = deps.now();
  const { plans, warnings } = await prepare(inputs, deps);
  const compared = await deps.phase('Ask the target', async () =>
    Promise.all(
      plans.map(async (plan): Promise<Recordable | NamespaceResult> => {
        const done = 'failure' in plan ? resultOf(plan) : await auditNamespace(plan, inputs, deps);
        deps.logger.info(describeResult('plan' in done ? done.result : done));
        return done;
      }),
    ),
  );
  const recordables = compared.flatMap((one) => ('plan' in one ? [one] : []));
  const { errors, unrecorded } = inputs.dryRun
    ? { errors: [], unrecorded: [] }
    : await deps.phase('Record', async () => record(recordables, inputs.metadata, deps));
  const namespaces = compared.map((one) => ('plan' in one ? one.result : one));
  return {
    mode: 'compare',
    dryRun: inputs.dryRun,
    started,
    finished: deps.now(),
    namespaces,
    errors,
    warnings,
    unrecorded,
  };
}

async function auditNamespace(
  plan: NamespacePlan,
  inputs: Inputs,
  { registries }: Deps,
): Promise<Recordable> {
  const { recorded, listing, settings } = plan;
  const { namespace, platforms, referrers } = settings;
  const { queryConcurrency: concurrency } = inputs;
  const target = registries.target(settings.target.registry);
  const source = registries.source(namespace.registry);
  const targetOf = (image: string): string =>
    targetRepository(settings.targetName, settings.target, namespace, image);
  const own = wantedImages(plan, inputs);
  const findings = sortFindings(await audit(own, { target, targetOf, referrers, concurrency }));
  const open = findUndetermined(listing, recorded.images, findings.changed);
  const verdicts = await adopt(open, { source, target, targetOf, platforms, reserve: 0, concurrency });
  const { entries, removed, drift } = concludeComparison(recorded.images, findings, verdicts);
  const counts = countAfter(plan, findings, { entries, removed });
  const isLost = looksLost(findings, entries);
  const takenOut: RecordedImages = isLost ? new Map() : removed;
  const result: NamespaceResult = {
    ...resultOf(plan),
    ...counts,
    drift: { ...drift, removed: countEntries(takenOut) },
    failures: [
      ...listing.failures,
      ...findings.failures,
      ...(isLost ? [lost(plan, drift.missing.length)] : []),
    ],
    adopted: countEntries(entries),
  };
  return { plan, entries, removed: takenOut, result };
}

/** What is recorded of this job's images and wanted. */
function wantedImages({ recorded, settings }: NamespacePlan, { shard }: Inputs): RecordedImages {
  const { wantsName } = new CompiledFilters(settings.filters);
  const own = ownImages(recorded.images, shard, settings.namespace);
  return new Map(
    Array.from(own, ([image, entries]) => [
      image,
      new Map(Array.from(entries).filter(([tag]) => wantsName(image, tag))),
    ]),
  );
}

/** How the mirror stands to the source, now that the record is right. Tags of which nothing is known count as failed. */
function countAfter(
  { recorded, listing, settings: { platforms, referrers } }: NamespacePlan,
  { unknown }: Findings,
  { entries, removed }: { readonly entries: RecordedImages; readonly removed: RecordedImages },
): Pick<NamespaceResult, 'unchanged' | 'pending'> {
  const right = mergeImages(removeEntries(removeEntries(recorded.images, removed), unknown), entries);
  const { work, undetermined, unchanged } = diff(listing, right, platforms, referrers);
  const wanting = work.reduce((sum, { added, updated }) => sum + added.length + updated.length, 0);
  const untold = Array.from(unknown).flatMap(([image, tags]) =>
    Array.from(tags.keys()).filter((tag) => listing.images.get(image)?.tags.has(tag)),
  );
  return { unchanged, pending: undetermined.length + wanting - untold.length };
}

/** So few tags are soon copied again. */
const FEW = 10;

/** True when the target has nothing of all that is recorded: then it is likely another target than is meant. */
function looksLost({ present, missing, changed }: Findings, entries: RecordedImages): boolean {
  return present === 0 && changed.size === 0 && entries.size === 0 && countEntries(missing) > FEW;
}

function lost({ recordPath }: NamespacePlan, images: number): Failure {
  return {
    image: '',
    tags: [],
    reason:
      `the target has none of the tags recorded in ${recordPath}, of ${formatCount(images)} images. The record was ` +
      'left as it is: check "target" and its credentials; if the mirror is really gone, remove the file',
  };
}
