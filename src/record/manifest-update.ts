import type { NamespaceManifest, RecordedImages } from '../mirror/record-entry.ts';
import { type Recordable, applyChanges, hasChanges } from './recordable.ts';
import { countEntries } from '../mirror/record-entry.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import type { Unrecorded } from '../report/result.ts';
import { commitMessageOf } from './commit-message.ts';
import type { RecordDeps, RecordSettings } from './deps.ts';
import { parseNamespaceManifest, serializeNamespaceManifest } from './namespace-manifest.ts';

const RECREATED =
  'The file was written again with what this run did, and the next run copies the rest. If that was not intended, ' +
  'restore an earlier commit of it';

/**
 * Changes the namespace manifest of a plan.
 *
 * @param change returns the same images when nothing changes
 * @throws ManifestError, MetadataError with the remedy
 */
export async function changeManifest(
  { recordPath: path, recorded: { source, target, images: known } }: NamespacePlan,
  message: string,
  change: (recorded: RecordedImages) => RecordedImages,
  { commitMessage }: RecordSettings,
  { metadata, logger }: RecordDeps,
): Promise<void> {
  let wasRemoved = false;
  const isWritten = await metadata.update(path, commitMessage ?? message, (current) => {
    wasRemoved = current === undefined && known.size > 0;
    const before: RecordedImages = current
      ? parseNamespaceManifest(current, { path, source, target }).images
      : new Map();
    const images = change(before);
    if (images === before) return current;
    return new TextEncoder().encode(serializeNamespaceManifest({ source, target, images }));
  });
  if (isWritten && wasRemoved) logger.warning(`${path} was removed during this run. ${RECREATED}`);
}

/** Whether a namespace is recorded, and if not, why, and what should be in its manifest. */
export type ManifestOutcome =
  | { readonly kind: 'recorded' }
  | { readonly kind: 'failed'; readonly error: unknown; readonly unrecorded: Unrecorded };

/** Writes what `recordable` changes into its namespace manifest. Never throws. */
export async function recordManifest(
  recordable: Recordable,
  settings: RecordSettings,
  deps: RecordDeps,
): Promise<ManifestOutcome> {
  const { plan, removed, result } = recordable;
  if (!hasChanges(recordable)) return { kind: 'recorded' };
  let seen = recordable.known ?? plan.recorded.images;
  const message = commitMessageOf([result], removed && countEntries(removed));
  const change = (images: RecordedImages): RecordedImages => {
    if (images.size > 0) seen = images;
    return applyChanges(images, recordable);
  };
  try {
    await changeManifest(plan, message, change, settings, deps);
    return { kind: 'recorded' };
  } catch (error) {
    return { kind: 'failed', error, unrecorded: unrecordedManifest(recordable, seen) };
  }
}

/** @param seen what the file contained when it was last read */
function unrecordedManifest(recordable: Recordable, seen: RecordedImages): Unrecorded {
  const { recorded, recordPath } = recordable.plan;
  const withImages = (images: RecordedImages): string => {
    const manifest: NamespaceManifest = { ...recorded, images };
    return serializeNamespaceManifest(manifest);
  };
  return {
    path: recordPath,
    content: withImages(applyChanges(seen, recordable)),
    addition: withImages(recordable.entries),
  };
}
