import type { Failure, ImageTags } from '../mirror/failure.ts';
import type { Listing } from '../mirror/listing.ts';
import { type RecordedImages, type MutableRecordedImages, setEntry } from '../mirror/record-entry.ts';
import type { Drift } from '../mirror/result.ts';
import type { UndeterminedTag } from '../mirror/work.ts';
import type { Verdict } from './adopt.ts';
import type { AuditedTag } from './audit.ts';

/** What an audit found, sorted. */
export interface Findings {
  /** Number of tags that the target holds as recorded. */
  readonly present: number;
  readonly missing: RecordedImages;
  readonly changed: RecordedImages;
  /** Recorded tags of which the target did not tell. */
  readonly unknown: RecordedImages;
  readonly failures: readonly Failure[];
}

export function sortFindings(audited: readonly AuditedTag[]): Findings {
  const missing: MutableRecordedImages = new Map();
  const changed: MutableRecordedImages = new Map();
  const unknown: MutableRecordedImages = new Map();
  const failures = new Map<string, { image: string; tags: string[]; reason: string }>();
  let present = 0;
  for (const { image, tag, entry, finding } of audited) {
    if (finding === 'held') present += 1;
    else if (finding === 'missing') setEntry(missing, image, tag, entry);
    else if (finding === 'changed') setEntry(changed, image, tag, entry);
    else {
      setEntry(unknown, image, tag, entry);
      const key = `${image} ${finding.unknown}`;
      const failure = failures.get(key) ?? { image, tags: [], reason: finding.unknown };
      failure.tags.push(tag);
      failures.set(key, failure);
    }
  }
  return { present, missing, changed, unknown, failures: Array.from(failures.values()) };
}

/** The source's tags that need evidence: nothing is recorded of them, not their digest, or not what is there. */
export function findUndetermined(
  { images }: Listing,
  recorded: RecordedImages,
  changed: RecordedImages,
): UndeterminedTag[] {
  const found: UndeterminedTag[] = [];
  for (const [image, { repository, tags }] of images) {
    for (const [tag, descriptor] of tags) {
      const known = recorded.get(image)?.get(tag);
      if (known === undefined || known === null || changed.get(image)?.has(tag) === true)
        found.push({ image, repository, tag, descriptor });
    }
  }
  return found;
}

/** What is to be recorded, and what is to be reported. */
export interface Comparison {
  readonly entries: RecordedImages;
  readonly removed: RecordedImages;
  readonly drift: Omit<Drift, 'removed'>;
}

/** Puts together what is recorded, what the audit found and what evidence says of the rest. */
export function concludeComparison(
  recorded: RecordedImages,
  { missing, changed }: Findings,
  verdicts: readonly { readonly undetermined: UndeterminedTag; readonly verdict: Verdict }[],
): Comparison {
  const entries: MutableRecordedImages = new Map();
  const differs: MutableRecordedImages = new Map();
  const lost = copyOf(missing);
  const removed = copyOf(missing);
  for (const [image, tags] of changed) for (const [tag, entry] of tags) setEntry(removed, image, tag, entry);
  for (const { undetermined, verdict } of verdicts) {
    const { image, tag } = undetermined;
    const isGcrsyncs = recorded.get(image)?.get(tag) === null;
    if (verdict.kind === 'present') setEntry(entries, image, tag, verdict.entry);
    if (isGcrsyncs && verdict.kind === 'absent') setEntry(lost, image, tag, null);
    if (isGcrsyncs && (verdict.kind === 'absent' || verdict.kind === 'different'))
      setEntry(removed, image, tag, null);
    if (verdict.kind === 'different' && changed.get(image)?.has(tag) !== true)
      setEntry(differs, image, tag, null);
  }
  const drift = { missing: tagsOf(lost), changed: tagsOf(changed), differs: tagsOf(differs) };
  return { entries, removed, drift };
}

function copyOf(images: RecordedImages): MutableRecordedImages {
  return new Map(Array.from(images, ([image, entries]) => [image, new Map(entries)]));
}

function tagsOf(images: RecordedImages): ImageTags[] {
  return Array.from(images, ([image, entries]) => ({ image, tags: Array.from(entries.keys()) }));
}
