import type { Failure } from '../mirror/failure.ts';
import { type RecordedImages, type MutableRecordedImages, setEntry } from '../mirror/record-entry.ts';
import type { AuditedTag } from './audit.ts';
import type { TargetTag } from './content-check.ts';

/** The findings of an audit, grouped. */
export interface Findings {
  /** Tags that the target has as recorded. */
  readonly present: readonly TargetTag[];
  readonly missing: RecordedImages;
  readonly changed: RecordedImages;
  /** Recorded tags that the target has without all blobs and children. Only a check of the content finds these. */
  readonly hollow: RecordedImages;
  /** Recorded tags about which the target did not answer. */
  readonly unknown: RecordedImages;
  /** Recorded tags that were not looked up, as the run ended. */
  readonly unjudged: RecordedImages;
  readonly failures: readonly Failure[];
}

/** Groups the findings of an audit. */
export function groupFindings(audited: readonly AuditedTag[]): Findings {
  const present: TargetTag[] = [];
  const failures = new FailureList();
  const images: Record<'missing' | 'changed' | 'unknown' | 'unjudged', MutableRecordedImages> = {
    missing: new Map(),
    changed: new Map(),
    unknown: new Map(),
    unjudged: new Map(),
  };
  for (const { image, tag, entry, finding } of audited) {
    if (finding.kind === 'present') present.push({ image, tag, digest: finding.digest });
    else setEntry(images[finding.kind], image, tag, entry);
    if (finding.kind === 'unknown') failures.add(image, tag, finding.reason);
  }
  return { present, ...images, hollow: new Map(), failures: failures.list() };
}

/** Failures, grouped by image and reason. */
export class FailureList {
  readonly #failures = new Map<string, Failure & { readonly tags: string[] }>();

  add(image: string, tag: string, reason: string): void {
    const key = `${image} ${reason}`;
    const failure = this.#failures.get(key);
    if (failure) failure.tags.push(tag);
    else this.#failures.set(key, { image, tags: [tag], reason });
  }

  list(): Failure[] {
    return Array.from(this.#failures.values());
  }
}
