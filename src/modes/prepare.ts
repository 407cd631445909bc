import type { Inputs } from '../inputs/inputs.ts';
import { manifestPath } from '../inputs/manifest-path.ts';
import type { NamespaceSettings } from '../inputs/settings.ts';
import type { Logger } from '../logger.ts';
import {
  type Entry,
  type NamespaceManifest,
  parseNamespaceManifest,
} from '../metadata/namespace-manifest.ts';
import type { MetadataRepository } from '../metadata/repository.ts';
import { formatNamespace } from '../namespace.ts';
import type { Registries } from '../oci/registries.ts';
import { type Unsettled, type Work, diff, holds } from '../plan/diff.ts';
import { findGone } from '../plan/gone.ts';
import { isWhole, ownImages, ownListing } from '../plan/shard.ts';
import { type TargetNames, nameTargets } from '../plan/target-names.ts';
import { unchangedImages } from '../plan/unchanged.ts';
import type { Failure, ImageTags } from '../report/result.ts';
import type { SourceApis } from '../source/choose.ts';
import type { Recall } from '../source/digests.ts';
import { discover } from '../source/discover.ts';
import { CompiledFilters } from '../source/filters.ts';
import type { ListedTag, Listing } from '../source/listing.ts';
import { namedImages } from '../source/patterns.ts';
import { type MustAsk, recheckRule } from '../source/recheck.ts';
import { type ResolvedSelection, resolveSelection } from '../source/resolve.ts';
import { type Selection, select } from '../source/select.ts';
import { warnOfFilters } from './filter-warnings.ts';

/** One namespace, listed and compared with its record. */
export interface NamespacePlan extends ResolvedSelection {
  readonly settings: NamespaceSettings;
  readonly manifestPath: string;
  readonly recorded: NamespaceManifest;
  /** Full path of the target's repository, by image. */
  readonly targets: ReadonlyMap<string, string>;
  readonly work: readonly Work[];
  /** Set where the run copies what refers to images. */
  readonly referrers?: ReferrersPlan;
  /** gcrsync's tags, of which nobody knows the digest. */
  readonly unsettled: readonly Unsettled[];
  /** What evidence says of tags: to be recorded without a copy. */
  readonly settled: ReadonlyMap<string, ReadonlyMap<string, Entry>>;
  readonly unchanged: number;
  readonly gone: readonly ImageTags[];
}

/** What is to know for copying what refers to the images of a namespace. */
export interface ReferrersPlan {
  /** Images without work: the source is to be asked what is new about them. */
  readonly rechecks: readonly Work[];
  /** What the source lists, whatever the filters want. */
  readonly listed: Listing<ListedTag>['images'];
}

/** A namespace that could not be listed, or whose manifest could not be used. */
export interface NamespaceFailure {
  readonly settings: NamespaceSettings;
  readonly failure: Failure;
}

export type Planned = NamespacePlan | NamespaceFailure;

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

/** A namespace as its source lists it, and what the filters make of that. */
export interface Listed {
  readonly settings: NamespaceSettings;
  readonly filters: CompiledFilters;
  readonly listing: Listing<ListedTag>;
  readonly selection: Selection;
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
    const mustAsk = recheckRule(inputs.recheck, deps.now().getTime());
    const plans = await Promise.all(
      listed.map(async (one) => {
        if ('failure' in one) return one;
        try {
          return await compareOne(one, names, mustAsk, inputs, deps);
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
async function compareOne(
  { settings, filters, listing, selection: whole }: Listed,
  names: TargetNames,
  mustAsk: MustAsk,
  { metadata: { manifestPath: template }, shard, mode, dryRun }: Inputs,
  { metadata, registries }: PrepareDeps,
): Promise<NamespacePlan> {
  const { namespace, platforms, referrers } = settings;
  const file = manifestPath(template, namespace);
  const recorded = await readRecord(file, settings, metadata);
  const selection = isWhole(shard) ? whole : select(ownListing(listing, shard), filters);
  const recall: Recall = (image, tag) => {
    const entry = recorded.images.get(image)?.get(tag);
    const digest = typeof entry === 'string' ? entry : entry?.digest;
    const wanted = { platforms, keepsDigests: referrers };
    const isKnown = entry && digest && holds(tag, entry, digest, wanted) && !mustAsk(image, tag);
    return isKnown ? digest : undefined;
  };
  const resolved = await resolveSelection(selection, registries.source(namespace.registry), recall);
  const compared = diff(resolved.listing, recorded.images, platforms, referrers);
  return {
    settings,
    manifestPath: file,
    recorded,
    ...resolved,
    targets: names.get(formatNamespace(namespace)) ?? new Map<string, string>(),
    ...compared,
    ...(referrers &&
      mode === 'sync' &&
      !dryRun && {
        referrers: {
          rechecks: unchangedImages(resolved.listing, recorded.images, platforms, compared.work, mustAsk),
          listed: listing.images,
        },
      }),
    settled: new Map(),
    gone: findGone(listing, ownImages(recorded.images, shard, namespace), filters.wantsName),
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
  return { image: '', tags: [], reason: error instanceof Error ? error.message : String(error) };
}
