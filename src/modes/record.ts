import type { Held } from '../copy/engine.ts';
import type { Outcome } from '../copy/pool.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { insertSection, renderSection } from '../metadata/changelog.ts';
import {
  type Entry,
  type Images,
  type OpenImages,
  countEntries,
  mergeImages,
  parseNamespaceManifest,
  removeEntries,
  serializeNamespaceManifest,
  setEntry,
} from '../metadata/namespace-manifest.ts';
import type { MetadataRepository } from '../metadata/repository.ts';
import type { Digest } from '../oci/digest.ts';
import { type NamespaceResult, countAll } from '../report/result.ts';
import type { NamespacePlan } from './prepare.ts';

/** A namespace, what is now known of it, and how its changelog section reads. */
export interface Recordable {
  readonly plan: NamespacePlan;
  readonly entries: Images;
  /** Entries that are not so. */
  readonly removed?: Images;
  readonly result: NamespaceResult;
}

export interface RecordDeps {
  readonly metadata: MetadataRepository;
  readonly now: () => Date;
  /** Tells this job of this run from all others. */
  readonly runKey: string;
}

/** What the outcomes and the settled tags add to the namespace manifest. */
export function entriesOf({ settled }: NamespacePlan, outcomes: readonly Outcome[]): Images {
  const entries: OpenImages = new Map();
  for (const [image, tags] of settled) entries.set(image, new Map(tags));
  for (const { work, held } of outcomes) {
    for (const [tag, what] of held) setEntry(entries, work.image, tag, entryOf(work.manifest.digest, what));
  }
  return entries;
}

function entryOf(digest: Digest, { digest: target, platforms }: Held): Entry {
  if (platforms) return { digest, target, platforms };
  return target === digest ? digest : { digest, target };
}

/**
 * Writes the namespace manifests, then the changelog. One that can't be written stops no other.
 *
 * @returns what could not be recorded, for people
 */
export async function record(
  recordables: readonly Recordable[],
  inputs: Inputs,
  deps: RecordDeps,
): Promise<string[]> {
  const errors: string[] = [];
  const recorded: NamespaceResult[] = [];
  for (const recordable of recordables) {
    const { entries, removed, result } = recordable;
    if (entries.size === 0 && !removed?.size) continue;
    try {
      await recordManifest(recordable, inputs, deps);
      if (result.copied.length > 0) recorded.push(result);
    } catch (error) {
      const tags = countEntries(entries);
      errors.push(`${result.namespace}: ${tags} tags are mirrored but not recorded. ${messageOf(error)}`);
    }
  }
  try {
    await recordChangelog(recorded, inputs, deps);
  } catch (error) {
    errors.push(`The changelog is not up to date. ${messageOf(error)}`);
  }
  return errors;
}

async function recordManifest(
  { plan, entries, removed = new Map(), result }: Recordable,
  { metadata: { commitMessage } }: Inputs,
  { metadata }: RecordDeps,
): Promise<void> {
  const {
    manifestPath: path,
    recorded: { source, target },
  } = plan;
  const message = commitMessage ?? describe([result], countEntries(removed));
  await metadata.update(path, message, (current) => {
    const images = current ? parseNamespaceManifest(current, { path, source, target }).images : new Map();
    const merged = mergeImages(removeEntries(images, removed), entries);
    if (current && merged === images) return current;
    return new TextEncoder().encode(serializeNamespaceManifest({ source, target, images: merged }));
  });
}

async function recordChangelog(
  results: readonly NamespaceResult[],
  { metadata: { changelogPath, timezone, commitMessage } }: Inputs,
  { metadata, now, runKey }: RecordDeps,
): Promise<void> {
  if (changelogPath === undefined || results.length === 0) return;
  const time = now();
  const sections = results.map((result) => ({
    namespace: result.namespace,
    text: renderSection(result, { time, timezone, runKey }),
  }));
  await metadata.update(changelogPath, commitMessage ?? `Changelog: ${describe(results)}`, (current) => {
    const before = current && new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(current);
    const after = sections.reduce<string | undefined>(
      (text, { namespace, text: section }) => insertSection(text, section, { runKey, namespace }),
      before,
    );
    return new TextEncoder().encode(after);
  });
}

/** `Mirror gcr.io/distroless: 3 added, 1 updated` */
function describe(results: readonly NamespaceResult[], removed = 0): string {
  const { added, updated } = countAll(results);
  const settled = results.reduce((sum, result) => sum + result.settled, 0);
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
