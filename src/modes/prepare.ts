import { MetadataError } from '../github/errors.ts';
import type { MetadataRepository } from '../github/repository.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { SourceApis } from '../list/choose.ts';
import { discover } from '../list/discover.ts';
import type { Failure } from '../mirror/failure.ts';
import { plural } from '../mirror/format.ts';
import { type ListedTag, type Listing, type ResolvedSelection, countListed } from '../mirror/listing.ts';
import { formatNamespace } from '../mirror/namespace.ts';
import { namedImages } from '../mirror/patterns.ts';
import type { IsDue, RecheckDays, RecheckTurn } from '../mirror/recheck.ts';
import type { NamespaceManifest } from '../mirror/record-entry.ts';
import { recordPath } from '../mirror/record-path.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import { isOwn, isWhole, ownImages, ownListing } from '../mirror/shard.ts';
import { type TargetNames, nameTargets } from '../mirror/target-names.ts';
import { isFullVersion } from '../mirror/versions.ts';
import type { Work } from '../mirror/work.ts';
import { messageOf } from '../oci/errors.ts';
import type { Registries } from '../oci/registries.ts';
import { WorkCounter } from '../oci/work-counter.ts';
import { diff, findRemovedTags, findUnchangedImages } from '../plan/diff.ts';
import type {
  NamespaceFailure,
  NamespaceIdentity,
  NamespacePlan,
  Planned,
  ReferrersPlan,
} from '../plan/namespace-plan.ts';
import { underCurrentNames } from '../record/names.ts';
import { parseNamespaceManifest } from '../record/namespace-manifest.ts';
import { filterUnlogged } from '../record/unlogged.ts';
import { CompiledFilters } from '../select/compiled-filters.ts';
import { warnOfFilters } from '../select/filter-warnings.ts';
import { recordedDigest } from '../select/known-digest.ts';
import type { Listed } from '../select/listed.ts';
import { dayOf, recheckRule } from '../select/recheck.ts';
import { resolveSelection } from '../select/resolve.ts';
import { select } from '../select/select.ts';
import { type LogDeps, runLogOf } from './run-log.ts';
import { withProgress } from './with-progress.ts';

/** All namespaces of a run, and warnings about inputs that don't fit what the sources have. */
export interface Prepared {
  readonly plans: readonly Planned[];
  readonly warnings: readonly string[];
  /** The tags that were rechecked. */
  readonly turn: RecheckTurn;
}

/** What `prepare` needs. */
export interface PrepareDeps extends LogDeps {
  readonly registries: Pick<Registries, 'source' | 'target'>;
  readonly apis: SourceApis;
  readonly metadata: Pick<MetadataRepository, 'name' | 'check' | 'read' | 'update' | 'listFiles'>;
  readonly now: () => Date;
  /** Absent if the days of runs are not kept. */
  readonly recheckDays?: RecheckDays;
  /** Runs one phase of the run, and groups its log lines under this name. */
  readonly phase: <T>(name: string, work: () => Promise<T>) => Promise<T>;
}

/** A namespace that was listed. */
interface ListedNamespace extends NamespaceIdentity, Listed {
  readonly kind: 'listed';
  readonly clashing?: readonly string[];
}

/**
 * Lists all namespaces, filters them, and compares them with the record. A namespace that fails does not stop the others.
 *
 * @throws MetadataError when the metadata repository can't be used
 */
export async function prepare(inputs: Inputs, deps: PrepareDeps): Promise<Prepared> {
  const all = await deps.phase('List the sources', async () => listSources(inputs, deps));
  return deps.phase('Compare with the record', async () => {
    const listed = all.filter((one) => one.kind === 'listed');
    const { names, clashes } = nameTargets(listed.map((one) => ({ ...one, listing: one.selection.listing })));
    const warnings = listed.length === all.length ? warnOfFilters(listed, inputs) : [];
    const turn = await turnOf(listed, inputs, deps);
    const isDue = recheckRule(inputs.recheck, turn);
    const context = { names, isDue, inputs, deps };
    const plans = await withProgress('compared', all.length, deps, async (done) =>
      Promise.all(
        all.map(async (one) => {
          const own = one.kind === 'listed' ? withoutClashes(one, clashes.get(one.name) ?? []) : one;
          return planOrFailure(own, context).finally(done);
        }),
      ),
    );
    runLogOf(deps).info(`${plural(plans.length, 'namespace')} compared with the record`);
    return { plans, warnings, turn };
  });
}

/** Which tags are to be rechecked. The last run is only looked up if some tag may have to be. */
async function turnOf(
  listed: readonly ListedNamespace[],
  { recheck, recheckTurn }: Inputs,
  { now, recheckDays }: PrepareDeps,
): Promise<RecheckTurn> {
  if (recheckTurn) return recheckTurn;
  const day = dayOf(now());
  const matters = recheck > 1 && listed.some(mayRecheck);
  if (!matters || !recheckDays) return { day, last: 'unknown' };
  return { day, last: await recheckDays.load(), key: recheckDays.key };
}

/** True if the source lists tags of full versions without digests, or referrers are looked up. */
function mayRecheck({ settings, listing }: ListedNamespace): boolean {
  if (settings.referrers) return true;
  return Array.from(listing.images.values()).some(({ tags }) =>
    Array.from(tags).some(([tag, descriptor]) => descriptor === null && isFullVersion(tag)),
  );
}

/** The namespace without images whose names clash: they are failures of this run, and stay in the record. */
function withoutClashes(listed: ListedNamespace, clashes: readonly Failure[]): ListedNamespace {
  if (clashes.length === 0) return listed;
  const clashing = new Set(clashes.map(({ image }) => image));
  const reduce = <T extends ListedTag>(listing: Listing<T>): Listing<T> => ({
    ...listing,
    images: new Map(Array.from(listing.images).filter(([image]) => !clashing.has(image))),
    failures: [...listing.failures, ...clashes],
  });
  const { listing, selection } = listed;
  return {
    ...listed,
    clashing: Array.from(clashing),
    listing: reduce(listing),
    selection: { ...selection, listing: reduce(selection.listing) },
  };
}

async function listSources(
  inputs: Inputs,
  deps: PrepareDeps,
): Promise<(ListedNamespace | NamespaceFailure)[]> {
  const { namespaces, include } = inputs;
  const images = namedImages(include);
  return withProgress('listed', namespaces.length, deps, async (done) =>
    Promise.all(
      namespaces.map(async (settings) => listNamespace(settings, images, inputs, deps).finally(done)),
    ),
  );
}

async function listNamespace(
  settings: NamespaceSettings,
  images: readonly string[] | undefined,
  { metadata }: Inputs,
  deps: PrepareDeps,
): Promise<ListedNamespace | NamespaceFailure> {
  const { namespace } = settings;
  const { registries, apis } = deps;
  const identity = {
    settings,
    name: formatNamespace(namespace),
    recordPath: recordPath(metadata.manifestPath, namespace),
  };
  const counter = new WorkCounter();
  const started = performance.now();
  const listed = await orFailure(identity, async (): Promise<ListedNamespace> => {
    const filters = new CompiledFilters(settings.filters);
    const listing = await counter.run(async () =>
      discover(namespace, registries.source(namespace.registry), apis, images, filters),
    );
    return { ...identity, kind: 'listed', filters, listing, selection: select(listing, filters) };
  });
  const log = runLogOf(deps);
  if (listed.kind === 'failure') {
    log.notListed(identity.name, listed.failure.reason);
  } else {
    const { images: found } = listed.listing;
    log.listed({
      namespace: identity.name,
      repositories: found.size,
      tags: countListed(found),
      requests: counter.requests,
      durationMs: performance.now() - started,
    });
  }
  return listed;
}

async function planOrFailure(
  one: ListedNamespace | NamespaceFailure,
  context: PlanContext,
): Promise<NamespacePlan | NamespaceFailure> {
  return one.kind === 'listed' ? orFailure(one, async () => planNamespace(one, context)) : one;
}

/** The result of `work`, or, if it throws, the failure of the namespace. */
async function orFailure<T>(
  { settings, name, recordPath: path }: NamespaceIdentity,
  work: () => Promise<T>,
): Promise<T | NamespaceFailure> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MetadataError && error.kind === 'refused') throw error;
    const failure = { image: '', tags: [], reason: messageOf(error) };
    return { kind: 'failure', settings, name, recordPath: path, failure };
  }
}

/** What the plans of all namespaces share. */
interface PlanContext {
  readonly names: TargetNames;
  readonly isDue: IsDue;
  readonly inputs: Inputs;
  readonly deps: PrepareDeps;
}

async function planNamespace(listed: ListedNamespace, context: PlanContext): Promise<NamespacePlan> {
  const { settings, name, recordPath: path, filters, listing, clashing } = listed;
  const { namespace, platforms, referrers } = settings;
  const { inputs, deps, isDue, names } = context;
  const manifest = await readRecord(listed, deps);
  const recorded = underCurrentNames(manifest, settings);
  const known = recordedDigest(recorded.images, settings, isDue);
  const client = deps.registries.source(namespace.registry);
  const resolved = await resolveSelection(ownSelection(listed, inputs), client, known);
  const compared = diff(resolved.listing, recorded.images, platforms, referrers);
  const referrersPlan = planReferrers(listed, { resolved, recorded, work: compared.work }, context);
  return {
    kind: 'plan',
    settings,
    name,
    recordPath: path,
    recorded,
    unlogged: filterUnlogged(
      manifest.unlogged,
      (image, tag) => isOwn(inputs.shard, namespace, image) && filters.wantsName(image, tag),
    ),
    ...resolved,
    targets: names.get(name) ?? new Map<string, string>(),
    ...compared,
    ...(clashing && { clashing }),
    ...(referrersPlan && { referrers: referrersPlan }),
    adopted: new Map(),
    gone: findRemovedTags(listing, ownImages(recorded.images, inputs.shard, namespace), filters.wantsName),
  };
}

/** This job's shard of the selection. It is cut before the comparison, so that the counts of all shards add up. */
function ownSelection(
  { listing, filters, selection }: ListedNamespace,
  { shard }: Inputs,
): ListedNamespace['selection'] {
  return isWhole(shard) ? selection : select(ownListing(listing, shard), filters);
}

/** The copy of referrers; undefined if the run copies none. */
function planReferrers(
  { settings, listing }: ListedNamespace,
  plan: {
    readonly resolved: ResolvedSelection;
    readonly recorded: NamespaceManifest;
    readonly work: readonly Work[];
  },
  { inputs, isDue }: PlanContext,
): ReferrersPlan | undefined {
  if (!settings.referrers || inputs.mode !== 'sync' || inputs.dryRun) return undefined;
  return {
    rechecks: findUnchangedImages(
      plan.resolved.listing,
      plan.recorded.images,
      settings.platforms,
      plan.work,
      isDue,
    ),
    listed: listing.images,
  };
}

async function readRecord(
  { settings, name: source, recordPath: path }: NamespaceIdentity,
  { metadata }: PrepareDeps,
): Promise<NamespaceManifest> {
  const target = formatNamespace(settings.target);
  const bytes = await metadata.read(path);
  if (bytes) return parseNamespaceManifest(bytes, { path, source, target });
  // A repository that the token can't see answers like one without the file.
  await metadata.check();
  return { source, target, images: new Map() };
}
