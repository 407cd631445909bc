import { MetadataError } from '../github/errors.ts';
import type { MetadataRepository } from '../github/repository.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { plural } from '../mirror/format.ts';
import { countListed } from '../mirror/listing.ts';
import { formatNamespace } from '../mirror/namespace.ts';
import type { RecheckDays, RecheckTurn } from '../mirror/recheck.ts';
import type { NamespaceManifest } from '../mirror/record-entry.ts';
import { isFullVersion } from '../mirror/versions.ts';
import { messageOf } from '../oci/errors.ts';
import { Places } from '../oci/places.ts';
import type { Registries } from '../oci/registries.ts';
import { findNameClashes } from '../plan/name-clashes.ts';
import type { NamespaceFailure, NamespacePlan, Planned } from '../plan/namespace-plan.ts';
import { warnOfFilters } from '../select/filter-warnings.ts';
import { joinRules } from '../select/keyed.ts';
import type { HeadClient } from '../select/digests.ts';
import { dayOf, recheckRule } from '../select/recheck.ts';
import { SharedHeads } from '../select/shared-heads.ts';
import { type ListDeps, type ListedNamespace, listSources } from './list-sources.ts';
import { type PlanContext, planNamespace } from './plan-namespace.ts';
import { RecordReader } from './read-record.ts';
import { runLogOf } from './run-log.ts';
import { withProgress } from './with-progress.ts';

/** All namespaces of a run, and warnings about inputs that don't fit what the sources have. */
export interface Prepared {
  readonly plans: readonly Planned[];
  readonly warnings: readonly string[];
  /** The tags that were rechecked. */
  readonly turn: RecheckTurn;
}

/** Records are read at the same time up to these limits: what is read and parsed takes several times the size of the file. */
const READING = { most: 50, always: 1, bytes: 1024 ** 2 };
/** The size of a record's line for one tag. */
const BYTES_PER_TAG = 110;

/** What `prepare` needs. */
export interface PrepareDeps extends ListDeps {
  readonly registries: Pick<Registries, 'source' | 'target'>;
  readonly metadata: Pick<MetadataRepository, 'name' | 'check' | 'read' | 'update' | 'listFiles'>;
  readonly now: () => Date;
  /** Absent if the days of runs are not kept. */
  readonly recheckDays?: RecheckDays;
  /** Runs one phase of the run, and groups its log lines under this name. */
  readonly phase: <T>(name: string, work: () => Promise<T>) => Promise<T>;
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
    const clashes = findNameClashes(listed.map((one) => ({ ...namedImagesOf(one), listed: one })));
    const clashesOf = new Map(Array.from(clashes, ([one, failures]) => [one.listed, failures]));
    const warnings = listed.length === all.length ? warnOfFilters(listed, inputs) : [];
    const turn = await turnOf(listed, inputs, deps);
    const isDue = recheckRule(inputs.recheck, turn);
    const heads = headClients(inputs, deps);
    const reading = new Places(READING);
    const records = new RecordReader(deps.metadata);
    const plans = await withProgress('compared', all.length, deps, async (done) =>
      Promise.all(
        all.map(async (one) => {
          if (one.kind === 'failure') return one;
          const context = { isDue, inputs, heads: heads(one), clashes: clashesOf.get(one) ?? [] };
          const read = async (): Promise<NamespaceManifest> =>
            reading.run(countTags(one) * BYTES_PER_TAG, async () => records.read(one));
          return planOrFailure(one, context, read).finally(done);
        }),
      ),
    );
    runLogOf(deps).info(`${plural(plans.length, 'namespace')} compared with the record`);
    return { plans, warnings, turn };
  });
}

/** Number of tags that the source lists, of which the record has most. */
function countTags({ rules }: ListedNamespace): number {
  return rules.reduce((sum, { listing }) => sum + countListed(listing.images), 0);
}

function namedImagesOf({ settings, rules }: ListedNamespace): Parameters<typeof findNameClashes>[0][number] {
  const parts = rules.map((rule) => ({ rule, images: rule.selection.listing.images }));
  const open = joinRules(parts.filter(({ rule }) => !rule.references)).images;
  return { settings, images: joinRules(parts).images, open: new Set(open.keys()) };
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

/** True if tags of full versions are without digests, or referrers are looked up. */
function mayRecheck({ settings, rules }: ListedNamespace): boolean {
  return rules.some(
    ({ listing, settings: { referrers } = settings }) =>
      referrers ||
      listing.images
        .values()
        .some(({ tags }) =>
          tags.entries().some(([tag, descriptor]) => descriptor === null && isFullVersion(tag)),
        ),
  );
}

/** The client for the tags of a namespace, which several targets and rules of it share. */
function headClients(
  { namespaces }: Inputs,
  { registries }: PrepareDeps,
): (one: ListedNamespace) => HeadClient {
  const targets = Map.groupBy(namespaces, ({ namespace }) => formatNamespace(namespace));
  const shared = new Map<string, HeadClient>();
  return ({ name, settings, rules }) => {
    const client = registries.source(settings.namespace.registry);
    if ((targets.get(name)?.length ?? 0) < 2 && rules.length < 2) return client;
    const heads = shared.get(name) ?? new SharedHeads(client);
    shared.set(name, heads);
    return heads;
  };
}

/** The plan, or, if it can't be made, the failure of the namespace. */
async function planOrFailure(
  listed: ListedNamespace,
  context: PlanContext,
  read: () => Promise<NamespaceManifest>,
): Promise<NamespacePlan | NamespaceFailure> {
  try {
    return await planNamespace(listed, await read(), context);
  } catch (error) {
    if (error instanceof MetadataError && error.kind === 'refused') throw error;
    const { settings, name, recordPath } = listed;
    return {
      kind: 'failure',
      settings,
      name,
      recordPath,
      failure: { image: '', tags: [], reason: messageOf(error) },
    };
  }
}
