import { MetadataError } from '../github/errors.ts';
import type { WriteSession } from '../github/write-session.ts';
import { type NamespaceManifest, countEntries } from '../mirror/record-entry.ts';
import { messageOf } from '../oci/errors.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import type { Unrecorded } from '../report/result.ts';
import { commitMessageOf } from './commit-message.ts';
import type { RecordDeps, RecordSettings } from './deps.ts';
import { applyChange, hasChanges } from './manifest-change.ts';
import { parseNamespaceManifest, serializeNamespaceManifest } from './namespace-manifest.ts';
import type { Recordable } from './recordable.ts';
import { joinTags } from './unlogged.ts';

const RECREATED =
  'The file was written again with what this run did, and the next run copies the rest. If that was not intended, ' +
  'restore an earlier commit of it';

/**
 * Changes the namespace manifest of a plan.
 *
 * @param change returns the manifest itself when nothing changes
 * @throws ManifestError, MetadataError with the remedy
 */
export async function updateManifest(
  { recordPath: path, recorded }: Pick<NamespacePlan, 'recordPath' | 'recorded'>,
  message: string,
  change: (current: NamespaceManifest) => NamespaceManifest,
  { commitMessage }: RecordSettings,
  { metadata, logger }: Pick<RecordDeps, 'metadata' | 'logger'>,
  session: WriteSession,
): Promise<void> {
  const { source, target } = recorded;
  let wasRemoved = false;
  const write = (bytes: Uint8Array | undefined): Uint8Array | undefined => {
    wasRemoved = bytes === undefined && recorded.images.size > 0;
    const current: NamespaceManifest = bytes
      ? parseNamespaceManifest(bytes, { path, source, target })
      : { source, target, images: new Map() };
    const next = change(current);
    return next === current ? bytes : new TextEncoder().encode(serializeNamespaceManifest(next));
  };
  const isWritten = await metadata.update(path, commitMessage ?? message, write, session);
  if (isWritten && wasRemoved) logger.warning(`${path} was removed during this run. ${RECREATED}`);
}

/** Whether a namespace is recorded, and if not, why, and what should be in its manifest. */
export type ManifestOutcome =
  | { readonly kind: 'recorded' }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      /** True when another round may succeed. */
      readonly isTemporary: boolean;
      readonly unrecorded: Unrecorded;
    };

/** Writes what `recordable` changes into its namespace manifest. Never throws. */
export async function recordManifest(
  recordable: Recordable,
  settings: RecordSettings,
  deps: RecordDeps,
  session: WriteSession,
): Promise<ManifestOutcome> {
  const { plan, removed, result } = recordable;
  if (!hasChanges(recordable)) return { kind: 'recorded' };
  let seen = recordable.known ?? plan.recorded;
  const message = commitMessageOf([result], removed && countEntries(removed));
  const change = (current: NamespaceManifest): NamespaceManifest => {
    if (current.images.size > 0) seen = current;
    return applyChange(current, recordable);
  };
  try {
    await updateManifest(plan, message, change, settings, deps, session);
    return { kind: 'recorded' };
  } catch (error) {
    return {
      kind: 'failed',
      reason: failureReason(recordable, error),
      isTemporary: error instanceof MetadataError && error.kind === 'given-up',
      unrecorded: unrecordedManifest(recordable, seen),
    };
  }
}

function failureReason({ entries, result }: Recordable, error: unknown): string {
  const tags = countEntries(entries);
  const what = tags > 0 ? `${tags} tags are mirrored but not recorded` : 'the record is not up to date';
  return `${result.namespace}: ${what}. ${messageOf(error)}`;
}

/** @param seen the manifest as it was last read */
function unrecordedManifest(recordable: Recordable, seen: NamespaceManifest): Unrecorded {
  const { plan, entries, unlogged, ...rest } = recordable;
  // The report has the section too: whoever commits both by hand has named the tags.
  const change = { entries, ...rest, logged: joinTags(rest.logged, unlogged ?? new Map()) };
  const { source, target } = plan.recorded;
  const empty = { source, target, images: new Map() };
  return {
    path: plan.recordPath,
    content: serializeNamespaceManifest(applyChange(seen, change)),
    addition: serializeNamespaceManifest(applyChange(empty, { entries })),
  };
}
