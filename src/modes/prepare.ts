import type { MetadataRepository } from '../github/repository.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { SourceApis } from '../list/choose.ts';
import { discover } from '../list/discover.ts';
import type { Failure } from '../mirror/failure.ts';
import { formatNamespace } from '../mirror/namespace.ts';
import { namedImages } from '../mirror/patterns.ts';
import type { IsDue } from '../mirror/recheck.ts';
import { type NamespaceManifest, holds } from '../mirror/record-entry.ts';
import { recordPath } from '../mirror/record-path.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import { isWhole, ownImages, ownListing } from '../mirror/shard.ts';
import { type TargetNames, nameTargets } from '../mirror/target-names.ts';
import { messageOf } from '../oci/errors.ts';
import type { Logger } from '../oci/logger.ts';
import type { Registries } from '../oci/registries.ts';
import { diff, findRemovedTags, findUnchangedImages } from '../plan/diff.ts';
import type { NamespaceFailure, NamespacePlan, Planned } from '../plan/namespace-plan.ts';
import { parseNamespaceManifest } from '../record/namespace-manifest.ts';
import { CompiledFilters } from '../select/compiled-filters.ts';
import type { KnownDigest } from '../select/digests.ts';
import { warnOfFilters } from '../select/filter-warnings.ts';
import type { Listed } from '../select/listed.ts';
import { recheckRule } from '../select/recheck.ts';
import { resolveSelection } from '../select/resolve.ts';
import { select } from '../select/select.ts';

/** All namespaces, and what is odd about the inputs in the light of what the sources hold. */
export interface Prepared {
  readonly plans: readonly Planned[];
  readonly warnings: readonly string[];
}

export interface PrepareDeps {
  readonly registries: Registries;
  readonly apis: SourceApis;
  readonly metadata: MetadataRepository;
  readonly now: () => Date;
  /** Runs one phase of the run, under its name in the log. */
  readonly phase: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly logger: Logger;
}

/**
 * Lists all namespaces, keeps what the filters want, and compares it with what is recorded. A namespace that fails
 * stops only itself.
 *
 * @throws MetadataError when the metadata repository can't be used
 * @throws Error when two sources would land on one target
 */
export async function prepare(inputs: Inputs, deps: PrepareDeps): Promise<Prepared> {
  await deps.metadata.check();
  const listed = await deps.phase('List the sources', async () => listSources(inputs, deps));
  return deps.phase('Compare with the record', async () => {
    const good = listed.flatMap((one) => ('selection' in one ? [one] : []));
    const names = nameTargets(good.map(({ settings, selection: { listing } }) => ({ settings, listing })));
    const warnings = good.length === listed.length ? warnOfFilters(good, inputs) : [];
    const isDue = recheckRule(inputs.recheck, deps.now().getTime());
    const plans = await Promise.all(
      listed.map(async (one) => {
        if ('failure' in one) return one;
        try {
          return await planNamespace(one, names, isDue, inputs, deps);
        } catch (error) {
          return { settings: one.settings, failure: failureOf(error) };
        }
      }),
    );
    return { plans, warnings };
  });
}

async function listSources(
  { namespaces, include }: Inputs,
  { registries, apis }: PrepareDeps,
): Promise<(Listed | NamespaceFailure)[]> {
  const images = namedImages(include);
  return Promise.all(
    namespaces.map(async (settings) => {
      try {
        const { namespace } = settings;
        const listing = await discover(namespace, registries.source(namespace.registry), apis, images);
        const filters = new CompiledFilters(settings.filters);
        return { settings, filters, listing, selection: select(listing, filters) };
      } catch (error) {
        return { settings, failure: failureOf(error) };
      }
    }),
  );
}

/** The shard is cut before the comparison, so that the counts of all shards add up. Names must be clear in all. */
async function planNamespace(
  { settings, filters, listing, selection: whole }: Listed,
  names: TargetNames,
  isDue: IsDue,
  { metadata: { manifestPath: template }, shard, mode, dryRun }: Inputs,
  { metadata, registries }: PrepareDeps,
): Promise<NamespacePlan> {
  const { namespace, platforms, referrers } = settings;
  const file = recordPath(template, namespace);
  const recorded = await readRecord(file, settings, metadata);
  const selection = isWhole(shard) ? whole : select(ownListing(listing, shard), filters);
  const knownDigest: KnownDigest = (image, tag) => {
    const entry = recorded.images.get(image)?.get(tag);
    const digest = typeof entry === 'string' ? entry : entry?.digest;
    const wanted = { platforms, keepsDigests: referrers };
    const isKnown = entry && digest && holds(tag, entry, digest, wanted) && !isDue(image, tag);
    return isKnown ? digest : undefined;
  };
  const resolved = await resolveSelection(selection, registries.source(namespace.registry), knownDigest);
  const compared = diff(resolved.listing, recorded.images, platforms, referrers);
  return {
    settings,
    recordPath: file,
    recorded,
    ...resolved,
    targets: names.get(formatNamespace(namespace)) ?? new Map<string, string>(),
    ...compared,
    ...(referrers &&
      mode === 'sync' &&
      !dryRun && {
        referrers: {
          rechecks: findUnchangedImages(resolved.listing, recorded.images, platforms, compared.work, isDue),
          listed: listing.images,
        },
      }),
    adopted: new Map(),
    gone: findRemovedTags(listing, ownImages(recorded.images, shard, namespace), filters.wantsName),
  };
}

async function readRecord(
  path: string,
  { namespace, target: { registry, path: targetPath } }: NamespaceSettings,
  metadata: MetadataRepository,
): Promise<NamespaceManifest> {
  const source = formatNamespace(namespace);
  const target = formatNamespace({ registry, path: targetPath });
  const bytes = await metadata.read(path);
  return bytes
    ? parseNamespaceManifest(bytes, { path, source, target })
    : { source, target, images: new Map() };
}

function failureOf(error: unknown): Failure {
  return { image: '', tags: [], reason: messageOf(error) };
}
