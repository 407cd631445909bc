import type { VerifiedTag } from '../copy/engine.ts';
import type { Outcome } from '../copy/pool.ts';
import type { MetadataRepository } from '../github/repository.ts';
import {
  type RecordEntry,
  type RecordedImages,
  type NamespaceManifest,
  type MutableRecordedImages,
  countEntries,
  mergeImages,
  removeEntries,
  restoreEntries,
  setEntry,
} from '../mirror/record-entry.ts';
import { type NamespaceResult, countAll } from '../mirror/result.ts';
import type { Digest } from '../oci/digest.ts';
import { messageOf } from '../oci/errors.ts';
import type { Logger } from '../oci/logger.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import type { Unrecorded } from '../report/result.ts';
import { writeChangelog } from './changelog-file.ts';
import { renderSection } from './changelog.ts';
import { parseNamespaceManifest, serializeNamespaceManifest } from './namespace-manifest.ts';

/** A namespace, what is now known of it, and how its changelog section reads. */
export interface Recordable {
  readonly plan: NamespacePlan;
  readonly entries: RecordedImages;
  /** Entries that are not so. */
  readonly removed?: RecordedImages;
  /** Entries that hold, of tags that are recorded as of an unknown digest. */
  readonly restored?: RecordedImages;
  /** What is recorded, where it is not what the plan says. */
  readonly known?: RecordedImages;
  readonly result: NamespaceResult;
}

/** Where and how a run is recorded, besides the namespace manifests. */
export interface RecordSettings {
  /** Absent: no changelog is kept. */
  readonly changelogPath?: string;
  /** IANA name of the time zone of the changelog. */
  readonly timezone: string;
  /** Of every commit; absent: a message that says what was done. */
  readonly commitMessage?: string;
}

export interface RecordDeps {
  readonly metadata: Pick<MetadataRepository, 'update'>;
  readonly now: () => Date;
  /** Tells this job of this run from all others. */
  readonly runKey: string;
  readonly logger: Logger;
}

/** What the outcomes and the settled tags add to the namespace manifest. */
export function newEntries({ adopted }: NamespacePlan, outcomes: readonly Outcome[]): RecordedImages {
  const entries: MutableRecordedImages = new Map();
  for (const [image, tags] of adopted) entries.set(image, new Map(tags));
  for (const { work, verifiedTags } of outcomes) {
    for (const [tag, what] of verifiedTags)
      setEntry(entries, work.image, tag, recordEntryOf(work.descriptor.digest, what));
  }
  return entries;
}

function recordEntryOf(digest: Digest, { digest: target, platforms }: VerifiedTag): RecordEntry {
  if (platforms) return { digest, target, platforms };
  return target === digest ? digest : { digest, target };
}

/** What came of recording. */
export interface Recorded {
  /** The namespaces of which all is recorded. */
  readonly plans: ReadonlySet<NamespacePlan>;
  /** What could not be recorded, for people. */
  readonly errors: readonly string[];
  /** What should stand in the files that could not be written. */
  readonly unrecorded: readonly Unrecorded[];
}

/** Writes the namespace manifests, then the changelog. One that can't be written stops no other. */
export async function record(
  recordables: readonly Recordable[],
  settings: RecordSettings,
  deps: RecordDeps,
): Promise<Recorded> {
  const errors: string[] = [];
  const unrecorded: Unrecorded[] = [];
  const written: Recordable[] = [];
  const failed: Recordable[] = [];
  for (const recordable of recordables) {
    const { plan, entries, result } = recordable;
    const seen = { images: recordable.known ?? plan.recorded.images };
    try {
      await recordManifest(recordable, seen, settings, deps);
      written.push(recordable);
    } catch (error) {
      failed.push(recordable);
      const tags = countEntries(entries);
      const what = tags > 0 ? `${tags} tags are mirrored but not recorded` : 'the record is not up to date';
      errors.push(`${result.namespace}: ${what}. ${messageOf(error)}`);
      unrecorded.push({
        path: plan.recordPath,
        content: manifestOf({ ...plan.recorded, ...seen }, recordable),
        addition: serializeNamespaceManifest({ ...plan.recorded, images: entries }),
      });
    }
  }
  let plans = new Set(written.map(({ plan }) => plan));
  const sections = sectionsOf(written, settings, deps);
  const lost = sectionsOf(failed, settings, deps);
  try {
    await recordChangelog(sections, written, settings, deps);
  } catch (error) {
    errors.push(`The changelog is not up to date. ${messageOf(error)}`);
    lost.push(...sections);
    plans = new Set();
  }
  if (lost.length > 0) {
    const content = lost.map(({ text }) => text).join('\n');
    unrecorded.push({ path: settings.changelogPath ?? '', content, addition: content });
  }
  return { plans, errors, unrecorded };
}

/** @param seen told what the file held when it was there last */
async function recordManifest(
  recordable: Recordable,
  seen: { images: RecordedImages },
  settings: RecordSettings,
  deps: RecordDeps,
): Promise<void> {
  const { plan, entries, removed, restored, result } = recordable;
  if (![entries, removed, restored].some((images) => images && images.size > 0)) return;
  const message = commitMessageOf([result], removed && countEntries(removed));
  const changeSeen = (images: RecordedImages): RecordedImages => {
    if (images.size > 0) seen.images = images;
    return change(images, recordable);
  };
  await changeManifest(plan, message, changeSeen, settings, deps);
}

const GONE =
  'What this run did is recorded in it again, and the next run copies the rest; where that was not meant, restore an ' +
  'earlier commit of it';

/** Changes what is recorded of a namespace; the same images mean that nothing changes. */
export async function changeManifest(
  { recordPath: path, recorded: { source, target, images: known } }: NamespacePlan,
  message: string,
  change: (recorded: RecordedImages) => RecordedImages,
  { commitMessage }: RecordSettings,
  { metadata, logger }: RecordDeps,
): Promise<void> {
  let isGone = false;
  const isWritten = await metadata.update(path, commitMessage ?? message, (current) => {
    isGone = current === undefined && known.size > 0;
    const before: RecordedImages = current
      ? parseNamespaceManifest(current, { path, source, target }).images
      : new Map();
    const images = change(before);
    if (images === before) return current;
    return new TextEncoder().encode(serializeNamespaceManifest({ source, target, images }));
  });
  if (isWritten && isGone) logger.warning(`${path} was removed while this run went on. ${GONE}`);
}

/** The namespace manifest with what `recordable` changes. */
function manifestOf(manifest: NamespaceManifest, recordable: Recordable): string {
  return serializeNamespaceManifest({ ...manifest, images: change(manifest.images, recordable) });
}

function change(
  images: RecordedImages,
  { entries, removed = new Map(), restored = new Map() }: Recordable,
): RecordedImages {
  return restoreEntries(mergeImages(removeEntries(images, removed), entries), restored);
}

interface Section {
  readonly namespace: string;
  readonly text: string;
}

/** All sections of one run together; each has at least the second. */
const MAX_RUN_SECTIONS_BYTES = 256 * 1024;
const MIN_SECTION_BYTES = 4 * 1024;

function sectionsOf(
  recordables: readonly Recordable[],
  { changelogPath, timezone }: RecordSettings,
  { now, runKey }: RecordDeps,
): Section[] {
  if (changelogPath === undefined) return [];
  const time = now();
  const results = recordables.map(({ result }) => result).filter(({ copied }) => copied.length > 0);
  const share = Math.max(MIN_SECTION_BYTES, Math.floor(MAX_RUN_SECTIONS_BYTES / results.length));
  const options = { time, timezone, runKey, ...(results.length > 4 && { maxBytes: share }) };
  return results.map((result) => ({
    namespace: result.namespace,
    text: renderSection(result, options),
  }));
}

async function recordChangelog(
  sections: readonly Section[],
  recordables: readonly Recordable[],
  settings: RecordSettings,
  deps: RecordDeps,
): Promise<void> {
  const { changelogPath: path, commitMessage } = settings;
  if (path === undefined || sections.length === 0) return;
  const results = recordables.map(({ result }) => result).filter(({ copied }) => copied.length > 0);
  await writeChangelog(path, commitMessage ?? `Changelog: ${commitMessageOf(results)}`, sections, deps);
}

/** `Mirror gcr.io/distroless: 3 added, 1 updated` */
function commitMessageOf(results: readonly NamespaceResult[], removed = 0): string {
  const { added, updated } = countAll(results);
  const settled = results.reduce((sum, result) => sum + result.adopted, 0);
  const parts = [
    `${added} added`,
    `${updated} updated`,
    ...(settled > 0 ? [`${settled} settled`] : []),
    ...(removed > 0 ? [`${removed} not there`] : []),
  ];
  const [first] = results;
  const what = results.length === 1 && first ? first.namespace : `${results.length} namespaces`;
  return `Mirror ${what}: ${parts.join(', ')}`;
}
