import type { Inputs } from '../inputs/inputs.ts';
import type { SourceApis } from '../list/choose.ts';
import { discover, discoverImages } from '../list/discover.ts';
import { type ListedTag, type Listing, countListed } from '../mirror/listing.ts';
import { type Namespace, formatNamespace } from '../mirror/namespace.ts';
import { namedImages } from '../mirror/patterns.ts';
import { recordPath } from '../mirror/record-path.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import { messageOf } from '../oci/errors.ts';
import type { Registries } from '../oci/registries.ts';
import { WorkCounter } from '../oci/work-counter.ts';
import type { NamespaceFailure, NamespaceIdentity } from '../plan/namespace-plan.ts';
import type { CompiledFilters } from '../select/compiled-filters.ts';
import { listReferences } from '../select/exact.ts';
import type { Listed, ListedRule } from '../select/listed.ts';
import { type Rule, rulesOf } from '../select/rules.ts';
import { select } from '../select/select.ts';
import { type LogDeps, runLogOf } from './run-log.ts';
import { withProgress } from './with-progress.ts';

/** What `listSources` needs. */
export interface ListDeps extends LogDeps {
  readonly registries: Pick<Registries, 'source'>;
  readonly apis: SourceApis;
}

/** A namespace that was listed for one target. */
export interface ListedNamespace extends NamespaceIdentity, Listed {
  readonly kind: 'listed';
  readonly rules: readonly ListedRule[];
  /** Whole lists of tags, by image, where the images of a list have referrers that are mirrored. */
  readonly tagLists: Listing<ListedTag>['images'];
}

/** The rules of one target. */
interface Unit {
  readonly identity: NamespaceIdentity;
  readonly rules: readonly Rule[];
}

/** Lists each namespace once, whatever the number of its targets. One that fails does not stop the others. */
export async function listSources(
  inputs: Inputs,
  deps: ListDeps,
): Promise<(ListedNamespace | NamespaceFailure)[]> {
  const units = inputs.namespaces.map((settings) => unitOf(settings, inputs));
  const bySource = Map.groupBy(units, ({ identity }) => identity.name);
  const listed = await withProgress('listed', bySource.size, deps, async (done) =>
    Promise.all(
      Array.from(bySource.values(), async (some) => listNamespace(some, inputs, deps).finally(done)),
    ),
  );
  const found = new Map(listed.flat());
  logReferences(units, deps);
  return units.flatMap((unit) => found.get(unit) ?? []);
}

function unitOf(settings: NamespaceSettings, { metadata }: Inputs): Unit {
  const { namespace, target } = settings;
  const identity = {
    settings,
    name: formatNamespace(namespace),
    recordPath: recordPath(metadata.manifestPath, namespace, target),
  };
  return { identity, rules: rulesOf(settings) };
}

/** The references of all lists, each once, whatever the number of its targets and names. */
function logReferences(units: readonly Unit[], deps: ListDeps): void {
  const all = new Set<string>();
  const namespaces = new Set<string>();
  for (const { identity, rules } of units) {
    for (const { image = '', references } of rules) {
      if (references) namespaces.add(identity.name);
      for (const reference of references?.keys() ?? []) all.add(`${identity.name}/${image} ${reference}`);
    }
  }
  if (all.size > 0) runLogOf(deps).references(all.size, namespaces.size);
}

/** What the source has of a namespace: all of it, and the images of lists. */
interface SourceListings {
  /** Absent if no target mirrors the namespace as a whole; the error if it can't be listed. */
  readonly whole?: Listing<ListedTag> | Error;
  /** Images of lists whose tags are selected by filters, or have referrers. */
  readonly named: Listing<ListedTag>;
}

async function listNamespace(
  units: readonly Unit[],
  inputs: Inputs,
  deps: ListDeps,
): Promise<[Unit, ListedNamespace | NamespaceFailure][]> {
  const [first] = units;
  if (!first) return [];
  const counter = new WorkCounter();
  const started = performance.now();
  const listings = await counter.run(async () => listSource(units, inputs, deps));
  const listed = units.map((unit) => [unit, applyRules(unit, listings)] as const);
  const { name } = first.identity;
  const log = runLogOf(deps);
  if (listings.whole instanceof Error) log.notListed(name, messageOf(listings.whole));
  const { whole, named } = listings;
  const found = whole && !(whole instanceof Error) ? whole : named;
  if (found.images.size > 0) {
    log.listed({
      namespace: name,
      repositories: found.images.size,
      tags: countListed(found.images),
      requests: counter.requests,
      durationMs: performance.now() - started,
    });
  }
  return listed.map(([unit, one]) => [unit, one]);
}

async function listSource(
  units: readonly Unit[],
  { include }: Inputs,
  { registries, apis }: ListDeps,
): Promise<SourceListings> {
  const [first] = units;
  const { namespace } = first?.identity.settings ?? { namespace: { registry: '', path: '' } };
  const client = registries.source(namespace.registry);
  const rules = units.flatMap((unit) => unit.rules);
  const filters = rules.filter(({ image }) => image === undefined).map((rule) => rule.filters);
  const whole =
    filters.length === 0
      ? undefined
      : await discover(namespace, client, apis, namedImages(include), anyOf(filters)).catch(asError);
  const listed = whole instanceof Error ? undefined : whole;
  const failed = listed?.failures.map(({ image }) => image) ?? [];
  const known = new Set([...(listed?.images.keys() ?? []), ...failed]);
  const images = new Set(rules.filter(needsTagList).flatMap(({ image }) => image ?? []));
  const open = Array.from(images).filter((image) => !known.has(image));
  const named = await discoverImages(namespace, client, apis, open).catch((error: unknown) => ({
    ...nothingOf(namespace),
    failures: open.map((image) => ({ image, tags: [], reason: messageOf(error) })),
  }));
  return { ...(whole && { whole }), named };
}

/** True for an image of a list whose tags must be listed: filters select them, or signatures are found among them. */
function needsTagList({ image, references, settings }: Rule): boolean {
  return image !== undefined && (!references || settings?.referrers === true);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function nothingOf(namespace: Namespace): Listing<ListedTag> {
  return { namespace, images: new Map(), failures: [] };
}

/** What any of the targets wants. */
function anyOf(filters: readonly CompiledFilters[]): Pick<CompiledFilters, 'wantsImage' | 'excludesTree'> {
  return {
    wantsImage: (image) => filters.some((one) => one.wantsImage(image)),
    excludesTree: (image) => filters.every((one) => one.excludesTree(image)),
  };
}

function applyRules({ identity, rules }: Unit, listings: SourceListings): ListedNamespace | NamespaceFailure {
  const { whole, named } = listings;
  const { namespace, isListOnly, list } = identity.settings;
  if (whole instanceof Error && !isListOnly && list === undefined) {
    const failure = { image: '', tags: [], reason: messageOf(whole) };
    return { kind: 'failure', ...identity, failure };
  }
  const listingOf = (rule: Rule): Listing<ListedTag> => {
    if (rule.references) return listReferences(namespace, rule);
    if (rule.image !== undefined) return imageIn(listings, rule.image, namespace);
    if (whole instanceof Error)
      return { ...nothingOf(namespace), failures: [{ image: '', tags: [], reason: messageOf(whole) }] };
    return whole ?? nothingOf(namespace);
  };
  const listed = rules.map((rule) => {
    const listing = listingOf(rule);
    return { ...rule, listing, selection: select(listing, rule.filters) };
  });
  return { kind: 'listed', ...identity, rules: listed, tagLists: named.images };
}

/** One image, from the list of the whole namespace if it has it. */
function imageIn({ whole, named }: SourceListings, image: string, namespace: Namespace): Listing<ListedTag> {
  const isOwn = (failure: { readonly image: string }): boolean => failure.image === image;
  const all = [whole instanceof Error ? undefined : whole, named].filter((one) => one !== undefined);
  const found = all.map(({ images }) => images.get(image)).find((one) => one !== undefined);
  return {
    namespace,
    images: found ? new Map([[image, found]]) : new Map(),
    failures: all.flatMap(({ failures }) => failures.filter(isOwn)),
  };
}
