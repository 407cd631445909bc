import type { Inputs } from '../inputs/inputs.ts';
import type { Failure } from '../mirror/failure.ts';
import { FILTERS, type FilteredOut, NOTHING_FILTERED_OUT } from '../mirror/filters.ts';
import { imageOf } from '../mirror/image-key.ts';
import type { ListedTag, Listing, ResolvedSelection, SourceImage } from '../mirror/listing.ts';
import type { IsDue } from '../mirror/recheck.ts';
import type { NamespaceManifest } from '../mirror/record-entry.ts';
import type { SettingsOf } from '../mirror/settings.ts';
import { MAX_SHARDS, isOwn, isWhole, ownImages, ownListing } from '../mirror/shard.ts';
import type { Work } from '../mirror/work.ts';
import { diff, findUnchangedImages } from '../plan/diff.ts';
import { clashingImages } from '../plan/name-clashes.ts';
import type { NamespacePlan, ReferrersPlan } from '../plan/namespace-plan.ts';
import { filterUnlogged } from '../record/unlogged.ts';
import { CompiledFilters } from '../select/compiled-filters.ts';
import type { HeadClient } from '../select/digests.ts';
import { failuresOfReferences } from '../select/exact.ts';
import { joinRules } from '../select/keyed.ts';
import { recordedDigest } from '../select/known-digest.ts';
import type { ListedRule } from '../select/listed.ts';
import { findRemovedTags } from '../select/removed-tags.ts';
import { resolveSelection } from '../select/resolve.ts';
import { wantedBy } from '../select/rules.ts';
import { select } from '../select/select.ts';
import type { ListedNamespace } from './list-sources.ts';

/** What the plans of all namespaces share. */
export interface PlanContext {
  readonly isDue: IsDue;
  readonly inputs: Inputs;
  /** Looks up the digests of tags at the source. */
  readonly heads: HeadClient;
  /** Images that can't have their names at the target, by key. */
  readonly clashes: readonly Failure[];
}

/** What a rule selects, with digests. */
interface ResolvedRule extends ResolvedSelection {
  readonly rule: ListedRule;
}

/** Compares a namespace with its record at one target. */
export async function planNamespace(
  listed: ListedNamespace,
  recorded: NamespaceManifest,
  context: PlanContext,
): Promise<NamespacePlan> {
  const { settings, name, recordPath, rules } = listed;
  const parts = await Promise.all(rules.map(async (rule) => resolveRule(rule, listed, recorded, context)));
  const { images, settingsOf } = joinRules(
    parts.map(({ rule, listing }) => ({ rule, images: listing.images })),
  );
  const { clashes, inputs } = context;
  const listing: Listing = {
    namespace: settings.namespace,
    images: withoutKeys(images, clashes),
    failures: distinct([...clashes, ...parts.flatMap((part) => part.listing.failures)]),
  };
  const wants = wantedBy(rules);
  const compared = diff(listing, recorded.images, settings, settingsOf);
  const referrers = planReferrers(listed, { listing, recorded, settingsOf, work: compared.work }, context);
  return {
    kind: 'plan',
    settings,
    name,
    recordPath,
    recorded,
    unlogged: filterUnlogged(
      recorded.unlogged,
      (key, tag) => isOwn(inputs.shard, settings.namespace, imageOf(key)) && wants(key, tag),
    ),
    ...joinCounts(parts),
    listing,
    settingsOf,
    wants,
    ...compared,
    ...(clashes.length > 0 && { clashing: clashingImages(clashes) }),
    ...(referrers && { referrers }),
    adopted: new Map(),
    gone: findGone(listed, listing, recorded, context),
  };
}

/** Several rules may meet one failure. */
function distinct(failures: readonly Failure[]): Failure[] {
  return Array.from(new Map(failures.map((one) => [JSON.stringify(one), one])).values());
}

async function resolveRule(
  rule: ListedRule,
  { settings }: ListedNamespace,
  recorded: NamespaceManifest,
  { isDue, inputs, heads }: PlanContext,
): Promise<ResolvedRule> {
  const own = ownSelection(rule, inputs);
  const known = recordedDigest(recorded.images, rule.settings ?? settings, isDue, rule.keysOf);
  // A reference that the source does not have is not looked for in its list of tags.
  const client = rule.references ? { ...headsOf(heads), listTags: async () => Promise.resolve([]) } : heads;
  const resolved = await resolveSelection(own, client, known);
  if (!rule.references) return { ...resolved, rule };
  const missing = failuresOfReferences({ ...rule, selection: own }, resolved.listing, recorded.images);
  const { listing } = resolved;
  return { ...resolved, rule, listing: { ...listing, failures: [...listing.failures, ...missing] } };
}

function headsOf(client: HeadClient): Pick<HeadClient, 'headManifest' | 'getManifest'> {
  return {
    headManifest: async (repository, reference) => client.headManifest(repository, reference),
    getManifest: async (repository, reference) => client.getManifest(repository, reference),
  };
}

/** This job's shard of the selection. It is cut before the comparison, so that the counts of all shards add up. */
function ownSelection(
  { listing, filters, selection }: ListedRule,
  { shard }: Inputs,
): ListedRule['selection'] {
  return isWhole(shard) ? selection : select(ownListing(listing, shard), filters);
}

function withoutKeys<T extends ListedTag>(
  images: ReadonlyMap<string, SourceImage<T>>,
  clashes: readonly Failure[],
): ReadonlyMap<string, SourceImage<T>> {
  if (clashes.length === 0) return images;
  const keys = new Set(clashes.map(({ image }) => image));
  return new Map(Array.from(images).filter(([key]) => !keys.has(key)));
}

/** Counts of all rules together, and what else the rules found by image. */
function joinCounts(
  parts: readonly ResolvedRule[],
): Pick<ResolvedSelection, 'filteredOut' | 'unsupported' | 'notRechecked' | 'unmatchedDigestTags'> {
  const filteredOut: Record<keyof FilteredOut, number> = { ...NOTHING_FILTERED_OUT };
  for (const part of parts) for (const name of FILTERS) filteredOut[name] += part.filteredOut[name];
  const [first, ...others] = parts;
  return {
    filteredOut,
    unsupported: parts.flatMap(({ unsupported }) => unsupported),
    notRechecked: parts.reduce((sum, { notRechecked }) => sum + notRechecked, 0),
    unmatchedDigestTags: others.reduce(
      (all, { unmatchedDigestTags }) => joinTags(all, unmatchedDigestTags),
      first?.unmatchedDigestTags ?? new Map<string, SourceImage<ListedTag>>(),
    ),
  };
}

type Images = Listing<ListedTag>['images'];

function joinTags(some: Images, others: Images): Images {
  const joined = new Map(some);
  for (const [image, found] of others) {
    const tags = new Map([...(joined.get(image)?.tags ?? []), ...found.tags]);
    joined.set(image, { ...found, tags });
  }
  return joined;
}

/** The copy of referrers; undefined if the run copies none. */
function planReferrers(
  { settings, rules, tagLists }: ListedNamespace,
  plan: {
    readonly listing: Listing;
    readonly recorded: NamespaceManifest;
    readonly settingsOf: SettingsOf;
    readonly work: readonly Work[];
  },
  { inputs, isDue }: PlanContext,
): ReferrersPlan | undefined {
  const isWanted = rules.some((rule) => (rule.settings ?? settings).referrers);
  if (!isWanted || inputs.mode !== 'sync' || inputs.dryRun) return undefined;
  const { listing, recorded, settingsOf, work } = plan;
  return {
    rechecks: findUnchangedImages(
      listing,
      recorded.images,
      (key, tag) => settingsOf(key, tag) ?? settings,
      work,
      isDue,
    ),
    listed: rules
      .filter(({ references }) => !references)
      .reduce(
        (all, rule) => (all.size === 0 ? rule.listing.images : joinTags(all, rule.listing.images)),
        tagLists,
      ),
  };
}

/** Recorded tags that the source no longer has, or that were taken off the list. A plan's job knows its part of the list only. */
function findGone(
  { settings, rules }: ListedNamespace,
  listing: Listing,
  recorded: NamespaceManifest,
  { clashes, inputs: { shard, recheckTurn } }: PlanContext,
): NamespacePlan['gone'] {
  const failures = [listing, ...rules.map((rule) => rule.listing)].flatMap((one) => one.failures);
  const failed = new Set(failures.flatMap(({ image, tags }) => tags.map((tag) => `${image}:${tag}`)));
  const unknown = failures.filter(({ tags }) => tags.length === 0).map(({ image }) => image);
  const all = new CompiledFilters(settings.filters);
  const isPlanned = recheckTurn !== undefined || shard.total === MAX_SHARDS;
  return findRemovedTags(ownImages(recorded.images, shard, settings.namespace), {
    rules,
    isFound: (key, tag) =>
      listing.images.get(key)?.tags.has(tag) === true || failed.has(`${imageOf(key)}:${tag}`),
    unknown: new Set([...unknown, ...clashingImages(clashes)]),
    mayBeTakenOff: (key, tag) => !isPlanned && all.wantsName(imageOf(key), tag),
  });
}
