import type { MetadataRepository } from '../github/repository.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { SourceApis } from '../list/choose.ts';
import { discover } from '../list/discover.ts';
import type { ResolvedSelection } from '../mirror/listing.ts';
import { formatNamespace } from '../mirror/namespace.ts';
import { namedImages } from '../mirror/patterns.ts';
import type { IsDue } from '../mirror/recheck.ts';
import type { NamespaceManifest } from '../mirror/record-entry.ts';
import { recordPath } from '../mirror/record-path.ts';
import { isWhole, ownImages, ownListing } from '../mirror/shard.ts';
import { type TargetNames, nameTargets } from '../mirror/target-names.ts';
import type { Work } from '../mirror/work.ts';
import { messageOf } from '../oci/errors.ts';
import type { Logger } from '../oci/logger.ts';
import type { Registries } from '../oci/registries.ts';
import { diff, findRemovedTags, findUnchangedImages } from '../plan/diff.ts';
import type {
  NamespaceFailure,
  NamespaceIdentity,
  NamespacePlan,
  Planned,
  ReferrersPlan,
} from '../plan/namespace-plan.ts';
import { parseNamespaceManifest } from '../record/namespace-manifest.ts';
import { CompiledFilters } from '../select/compiled-filters.ts';
import { warnOfFilters } from '../select/filter-warnings.ts';
import { recordedDigest } from '../select/known-digest.ts';
import type { Listed } from '../select/listed.ts';
import { recheckRule } from '../select/recheck.ts';
import { resolveSelection } from '../select/resolve.ts';
import { select } from '../select/select.ts';

/** All namespaces of a run, and warnings about inputs that don't fit what the sources have. */
export interface Prepared {
  readonly plans: readonly Planned[];
  readonly warnings: readonly string[];
}

/** What `prepare` needs. */
export interface PrepareDeps {
  readonly registries: Pick<Registries, 'source' | 'target'>;
  readonly apis: SourceApis;
  readonly metadata: Pick<MetadataRepository, 'name' | 'check' | 'read' | 'update'>;
  readonly now: () => Date;
  /** Runs one phase of the run, and groups its log lines under this name. */
  readonly phase: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly logger: Logger;
}

/** A namespace that was listed. */
interface ListedNamespace extends NamespaceIdentity, Listed {
  readonly kind: 'listed';
}

/**
 * Lists all namespaces, filters them, and compares them with the record. A namespace that fails does not stop the others.
 *
 * @throws MetadataError when the metadata repository can't be used
 * @throws Error when two sources would go to one target repository
 */
export async function prepare(inputs: Inputs, deps: PrepareDeps): Promise<Prepared> {
  await deps.metadata.check();
  const all = await deps.phase('List the sources', async () => listSources(inputs, deps));
  return deps.phase('Compare with the record', async () => {
    const listed = all.filter((one) => one.kind === 'listed');
    const names = nameTargets(listed.map((one) => ({ ...one, listing: one.selection.listing })));
    const warnings = listed.length === all.length ? warnOfFilters(listed, inputs) : [];
    const isDue = recheckRule(inputs.recheck, deps.now().getTime());
    const plans = await Promise.all(
      all.map(async (one) =>
        one.kind === 'listed'
          ? orFailure(one, async () => planNamespace(one, { names, isDue, inputs, deps }))
          : one,
      ),
    );
    return { plans, warnings };
  });
}

async function listSources(
  { namespaces, include, metadata }: Inputs,
  { registries, apis }: PrepareDeps,
): Promise<(ListedNamespace | NamespaceFailure)[]> {
  const images = namedImages(include);
  return Promise.all(
    namespaces.map(async (settings) => {
      const { namespace } = settings;
      const identity = {
        settings,
        name: formatNamespace(namespace),
        recordPath: recordPath(metadata.manifestPath, namespace),
      };
      return orFailure(identity, async (): Promise<ListedNamespace> => {
        const filters = new CompiledFilters(settings.filters);
        const client = registries.source(namespace.registry);
        const listing = await discover(namespace, client, apis, images, filters);
        return { ...identity, kind: 'listed', filters, listing, selection: select(listing, filters) };
      });
    }),
  );
}

/** The result of `work`, or, if it throws, the failure of the namespace. */
async function orFailure<T>(
  { settings, name, recordPath: path }: NamespaceIdentity,
  work: () => Promise<T>,
): Promise<T | NamespaceFailure> {
  try {
    return await work();
  } catch (error) {
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
  const { settings, name, recordPath: path, filters, listing } = listed;
  const { namespace, platforms, referrers } = settings;
  const { inputs, deps, isDue, names } = context;
  const recorded = await readRecord(listed, deps);
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
    ...resolved,
    targets: names.get(name) ?? new Map<string, string>(),
    ...compared,
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
  return bytes
    ? parseNamespaceManifest(bytes, { path, source, target })
    : { source, target, images: new Map() };
}
