import type { Inputs } from '../inputs/inputs.ts';
import { manifestPath } from '../inputs/manifest-path.ts';
import type { Logger } from '../logger.ts';
import {
  type Entry,
  type NamespaceManifest,
  parseNamespaceManifest,
} from '../metadata/namespace-manifest.ts';
import type { MetadataRepository } from '../metadata/repository.ts';
import { type Namespace, formatNamespace } from '../namespace.ts';
import type { Registries } from '../oci/registries.ts';
import { type Unsettled, type Work, diff } from '../plan/diff.ts';
import { findGone } from '../plan/gone.ts';
import { isWhole, ownImages, ownListing } from '../plan/shard.ts';
import { type TargetNames, nameTargets } from '../plan/target-names.ts';
import type { Failure, ImageTags } from '../report/result.ts';
import type { SourceApis } from '../source/choose.ts';
import { discover } from '../source/discover.ts';
import type { Listing } from '../source/listing.ts';
import { type Selection, type TagMatch, compileFilters, namedImages, select } from '../source/select.ts';

/** One namespace, listed and compared with its record. */
export interface NamespacePlan {
  readonly namespace: Namespace;
  readonly manifestPath: string;
  readonly recorded: NamespaceManifest;
  /** This job's part of what the source holds. */
  readonly selection: Selection;
  /** Full path of the target's repository, by image. */
  readonly targets: ReadonlyMap<string, string>;
  readonly work: readonly Work[];
  /** gcrsync's tags, of which nobody knows the digest. */
  readonly unsettled: readonly Unsettled[];
  /** What evidence says of tags: to be recorded without a copy. */
  readonly settled: ReadonlyMap<string, ReadonlyMap<string, Entry>>;
  readonly unchanged: number;
  readonly gone: readonly ImageTags[];
}

/** A namespace that could not be listed, or whose manifest could not be used. */
export interface NamespaceFailure {
  readonly namespace: Namespace;
  readonly failure: Failure;
}

export type Planned = NamespacePlan | NamespaceFailure;

export interface PrepareDeps {
  readonly registries: Registries;
  readonly apis: SourceApis;
  readonly metadata: MetadataRepository;
  /** Runs one phase of the run, under its name in the log. */
  readonly phase: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly logger: Logger;
}

interface Listed {
  readonly namespace: Namespace;
  readonly listing: Listing;
  readonly selection: Selection;
}

/**
 * Lists all namespaces, keeps what the filters want, and compares it with what is recorded. A namespace that fails
 * stops only itself.
 *
 * @throws MetadataError when the metadata repository can't be used
 * @throws Error when two sources would land on one target
 */
export async function prepare(inputs: Inputs, deps: PrepareDeps): Promise<Planned[]> {
  const wanted = compileFilters(inputs);
  await deps.metadata.check();
  const listed = await deps.phase('List the sources', async () => listSources(inputs, wanted, deps));
  return deps.phase('Compare with the record', async () => {
    const selected = listed.flatMap((one) => ('selection' in one ? [one.selection.listing] : []));
    const names = nameTargets(inputs.targetName, inputs.target, selected);
    return Promise.all(
      listed.map(async (one) => {
        if ('failure' in one) return one;
        try {
          return await compareOne(one, wanted, names, inputs, deps);
        } catch (error) {
          return { namespace: one.namespace, failure: failureOf(error) };
        }
      }),
    );
  });
}

async function listSources(
  inputs: Inputs,
  wanted: TagMatch,
  { registries, apis }: PrepareDeps,
): Promise<(Listed | NamespaceFailure)[]> {
  const images = namedImages(inputs.include);
  return Promise.all(
    inputs.namespaces.map(async (namespace) => {
      try {
        const client = registries.source(namespace.registry);
        const listing = await discover(namespace, client, apis, images);
        return { namespace, listing, selection: select(listing, wanted) };
      } catch (error) {
        return { namespace, failure: failureOf(error) };
      }
    }),
  );
}

/** The shard is cut before the comparison, so that the counts of all shards add up. Names must be clear in all. */
async function compareOne(
  { namespace, listing, selection: whole }: Listed,
  wanted: TagMatch,
  names: TargetNames,
  { metadata: { manifestPath: template }, target: { registry, path }, platforms, shard }: Inputs,
  { metadata }: PrepareDeps,
): Promise<NamespacePlan> {
  const file = manifestPath(template, namespace);
  const source = formatNamespace(namespace);
  const target = formatNamespace({ registry, path });
  const bytes = await metadata.read(file);
  const empty: NamespaceManifest = { source, target, images: new Map() };
  const recorded = bytes ? parseNamespaceManifest(bytes, { path: file, source, target }) : empty;
  const selection = isWhole(shard) ? whole : select(ownListing(listing, shard), wanted);
  return {
    namespace,
    manifestPath: file,
    recorded,
    selection,
    targets: names.get(source) ?? new Map<string, string>(),
    ...diff(selection.listing, recorded.images, platforms),
    settled: new Map(),
    gone: findGone(listing, ownImages(recorded.images, shard, namespace), wanted),
  };
}

function failureOf(error: unknown): Failure {
  return { image: '', tags: [], reason: error instanceof Error ? error.message : String(error) };
}
