import type { VerifiedTag } from '../copy/engine.ts';
import type { Outcome } from '../copy/pool.ts';
import {
  type MutableRecordedImages,
  type NamespaceManifest,
  type RecordEntry,
  type RecordedImages,
  setEntry,
} from '../mirror/record-entry.ts';
import type { NamespaceResult } from '../mirror/result.ts';
import type { Digest } from '../oci/digest.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import type { ManifestChange } from './manifest-change.ts';

/** What a run changes in the record of one namespace. */
export interface Recordable extends ManifestChange {
  readonly plan: Pick<NamespacePlan, 'recordPath' | 'recorded'>;
  /** What is recorded by now, as far as this run knows. Default: what the plan read. */
  readonly known?: NamespaceManifest;
  /** For the commit's message. */
  readonly result: NamespaceResult;
}

/** The entries for what was copied. */
export function entriesOf(outcomes: readonly Outcome[]): RecordedImages {
  const entries: MutableRecordedImages = new Map();
  for (const { work, verifiedTags } of outcomes) {
    for (const [tag, verified] of verifiedTags)
      setEntry(entries, work.image, tag, recordEntryOf(work.descriptor.digest, verified));
  }
  return entries;
}

/** `entries` with what the plan adopted. */
export function withAdopted(entries: RecordedImages, { adopted }: NamespacePlan): RecordedImages {
  const all = new Map(entries);
  for (const [image, tags] of adopted) all.set(image, new Map([...tags, ...(entries.get(image) ?? [])]));
  return all;
}

function recordEntryOf(digest: Digest, { digest: target, platforms }: VerifiedTag): RecordEntry {
  if (platforms) return { digest, target, platforms };
  return target === digest ? digest : { digest, target };
}
