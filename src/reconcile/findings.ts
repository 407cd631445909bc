import type { Failure } from '../mirror/failure.ts';
import { type RecordedImages, type MutableRecordedImages, setEntry } from '../mirror/record-entry.ts';
import type { AuditedTag } from './audit.ts';

/** The findings of an audit, grouped. */
export interface Findings {
  /** Number of tags that the target has as recorded. */
  readonly present: number;
  readonly missing: RecordedImages;
  readonly changed: RecordedImages;
  /** Recorded tags about which the target did not answer. */
  readonly unknown: RecordedImages;
  readonly failures: readonly Failure[];
}

/** Groups the findings of an audit. */
export function groupFindings(audited: readonly AuditedTag[]): Findings {
  const missing: MutableRecordedImages = new Map();
  const changed: MutableRecordedImages = new Map();
  const unknown: MutableRecordedImages = new Map();
  const failures = new Map<string, { image: string; tags: string[]; reason: string }>();
  let present = 0;
  for (const { image, tag, entry, finding } of audited) {
    switch (finding.kind) {
      case 'present':
        present += 1;
        break;
      case 'missing':
        setEntry(missing, image, tag, entry);
        break;
      case 'changed':
        setEntry(changed, image, tag, entry);
        break;
      case 'unknown': {
        setEntry(unknown, image, tag, entry);
        const key = `${image} ${finding.reason}`;
        const failure = failures.get(key) ?? { image, tags: [], reason: finding.reason };
        failure.tags.push(tag);
        failures.set(key, failure);
      }
    }
  }
  return { present, missing, changed, unknown, failures: Array.from(failures.values()) };
}
