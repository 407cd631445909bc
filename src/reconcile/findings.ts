import type { Failure, ImageTags } from '../mirror/failure.ts';
import type { Listing } from '../mirror/listing.ts';
import { type Images, type OpenImages, setEntry } from '../mirror/record-entry.ts';
import type { Drift } from '../mirror/result.ts';
import type { Unsettled } from '../mirror/work.ts';
import type { Verdict } from './adopt.ts';
import type { AuditedTag } from './audit.ts';

/** What an audit found, sorted. */
export interface Findings {
  /** Number of tags that the target holds as recorded. */
  readonly held: number;
  readonly missing: Images;
  readonly changed: Images;
  /** Recorded tags of which the target did not tell. */
  readonly unknown: Images;
  readonly failures: readonly Failure[];
}

export function sortFindings(audited: readonly AuditedTag[]): Findings {
  const missing: OpenImages = new Map();
  const changed: OpenImages = new Map();
  const unknown: OpenImages = new Map();
  const failures = new Map<string, { image: string; tags: string[]; reason: string }>();
  let held = 0;
  for (const { image, tag, entry, finding } of audited) {
    if (finding === 'held') held += 1;
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
  return { held, missing, changed, unknown, failures: Array.from(failures.values()) };
}

/** The source's tags that need evidence: nothing is recorded of them, not their digest, or not what is there. */
export function needEvidence({ images }: Listing, recorded: Images, changed: Images): Unsettled[] {
  const found: Unsettled[] = [];
  for (const [image, { repository, tags }] of images) {
    for (const [tag, manifest] of tags) {
      const known = recorded.get(image)?.get(tag);
      if (known === undefined || known === null || changed.get(image)?.has(tag) === true)
        found.push({ image, repository, tag, manifest });
    }
  }
  return found;
}

/** What is to be recorded, and what is to be reported. */
export interface Comparison {
  readonly entries: Images;
  readonly removed: Images;
  readonly drift: Omit<Drift, 'removed'>;
}

/** Puts together what is recorded, what the audit found and what evidence says of the rest. */
export function concludeComparison(
  recorded: Images,
  { missing, changed }: Findings,
  verdicts: readonly { readonly unsettled: Unsettled; readonly verdict: Verdict }[],
): Comparison {
  const entries: OpenImages = new Map();
  const differs: OpenImages = new Map();
  const lost = copyOf(missing);
  const removed = copyOf(missing);
  for (const [image, tags] of changed) for (const [tag, entry] of tags) setEntry(removed, image, tag, entry);
  for (const { unsettled, verdict } of verdicts) {
    const { image, tag } = unsettled;
    const isGcrsyncs = recorded.get(image)?.get(tag) === null;
    if (verdict.kind === 'held') setEntry(entries, image, tag, verdict.entry);
    if (isGcrsyncs && verdict.kind === 'missing') setEntry(lost, image, tag, null);
    if (isGcrsyncs && (verdict.kind === 'missing' || verdict.kind === 'other'))
      setEntry(removed, image, tag, null);
    if (verdict.kind === 'other' && changed.get(image)?.has(tag) !== true)
      setEntry(differs, image, tag, null);
  }
  const drift = { missing: tagsOf(lost), changed: tagsOf(changed), differs: tagsOf(differs) };
  return { entries, removed, drift };
}

function copyOf(images: Images): OpenImages {
  return new Map(Array.from(images, ([image, entries]) => [image, new Map(entries)]));
}

function tagsOf(images: Images): ImageTags[] {
  return Array.from(images, ([image, entries]) => ({ image, tags: Array.from(entries.keys()) }));
}
