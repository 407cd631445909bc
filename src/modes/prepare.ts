import { settle } from '../copy/settle.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { manifestPath } from '../inputs/manifest-path.ts';
import {
  type Entry,
  type NamespaceManifest,
  parseNamespaceManifest,
} from '../metadata/namespace-manifest.ts';
import type { MetadataRepository } from '../metadata/repository.ts';
import { type Namespace, formatNamespace } from '../namespace.ts';
import type { Registries } from '../oci/registries.ts';
import { type Diff, type Work, WorkBuilder, diff } from '../plan/diff.ts';
import { type TargetNames, nameTargets } from '../plan/target-names.ts';
import type { Failure } from '../report/result.ts';
import { discover } from '../source/discover.ts';
import { type Selection, select } from '../source/select.ts';

/** One namespace, ready to be copied. */
export interface NamespacePlan {
  readonly namespace: Namespace;
  readonly manifestPath: string;
  readonly recorded: NamespaceManifest;
  readonly selection: Selection;
  /** Full path of the target's repository, by image. */
  readonly targets: ReadonlyMap<string, string>;
  readonly work: readonly Work[];
  /** What evidence says of gcrsync's tags: to be recorded without a copy. */
  readonly settled: ReadonlyMap<string, ReadonlyMap<string, Entry>>;
  /** gcrsync's tags that could not be settled in this run. */
  readonly open: number;
  readonly unchanged: number;
  readonly gone: number;
}

/** A namespace that could not be listed, or whose manifest could not be used. */
export interface NamespaceFailure {
  readonly namespace: Namespace;
  readonly failure: Failure;
}

export interface PrepareDeps {
  readonly registries: Registries;
  readonly metadata: MetadataRepository;
}

interface Listed {
  readonly namespace: Namespace;
  readonly selection: Selection;
}

/**
 * Lists all namespaces and keeps what the filters want. One that fails stops only itself.
 */
export async function listSources(
  inputs: Inputs,
  { registries }: PrepareDeps,
): Promise<(Listed | NamespaceFailure)[]> {
  return Promise.all(
    inputs.namespaces.map(async (namespace) => {
      try {
        const listing = await discover(namespace, registries.source(namespace.registry));
        return { namespace, selection: select(listing, inputs) };
      } catch (error) {
        return { namespace, failure: failureOf(error) };
      }
    }),
  );
}

/**
 * Compares what was listed with what is recorded.
 *
 * @throws Error when two sources would land on one target
 */
export async function compareSources(
  listed: readonly (Listed | NamespaceFailure)[],
  inputs: Inputs,
  deps: PrepareDeps,
): Promise<(NamespacePlan | NamespaceFailure)[]> {
  const listings = listed.flatMap((one) => ('selection' in one ? [one.selection.listing] : []));
  const names = nameTargets(inputs.targetName, inputs.target, listings);
  return Promise.all(
    listed.map(async (one) => {
      if ('failure' in one) return one;
      try {
        return await compareOne(one, names, inputs, deps);
      } catch (error) {
        return { namespace: one.namespace, failure: failureOf(error) };
      }
    }),
  );
}

async function compareOne(
  { namespace, selection }: Listed,
  names: TargetNames,
  inputs: Inputs,
  { registries, metadata }: PrepareDeps,
): Promise<NamespacePlan> {
  const path = manifestPath(inputs.metadata.manifestPath, namespace);
  const source = formatNamespace(namespace);
  const target = formatNamespace(inputs.target);
  const bytes = await metadata.read(path);
  const empty: NamespaceManifest = { source, target, images: new Map() };
  const recorded = bytes ? parseNamespaceManifest(bytes, { path, source, target }) : empty;
  const found = diff(selection.listing, recorded.images, inputs.platforms);
  const targets = names.get(source) ?? new Map<string, string>();
  const plan = { namespace, manifestPath: path, recorded, selection, targets };
  if (found.unsettled.length === 0) return { ...plan, ...found, settled: new Map(), open: 0 };
  const verdicts = await settle(found.unsettled, {
    source: registries.source(namespace.registry),
    target: registries.target(inputs.target.registry),
    targetOf: (image) => targets.get(image) ?? image,
    platforms: inputs.platforms,
    reserve: found.work.length,
    concurrency: inputs.queryConcurrency,
  });
  return { ...plan, ...applyVerdicts(found, verdicts) };
}

/** Sorts what was found out about gcrsync's tags into held, to be copied, and still open. */
function applyVerdicts(
  found: Diff,
  verdicts: Awaited<ReturnType<typeof settle>>,
): Pick<NamespacePlan, 'work' | 'settled' | 'open' | 'unchanged' | 'gone'> {
  const builder = new WorkBuilder(found.work);
  const settled = new Map<string, Map<string, Entry>>();
  let open = 0;
  let held = 0;
  for (const { unsettled, verdict } of verdicts) {
    const { image, repository, tag, manifest } = unsettled;
    if (verdict.kind === 'open') open += 1;
    else if (verdict.kind === 'missing') builder.add(image, repository, manifest, 'added', tag);
    else if (verdict.kind === 'other') builder.add(image, repository, manifest, 'updated', tag);
    else {
      held += 1;
      const entries = settled.get(image) ?? new Map<string, Entry>();
      settled.set(image, entries.set(tag, verdict.entry));
    }
  }
  return { work: builder.build(), settled, open, unchanged: found.unchanged + held, gone: found.gone };
}

function failureOf(error: unknown): Failure {
  return { image: '', tags: [], reason: error instanceof Error ? error.message : String(error) };
}
