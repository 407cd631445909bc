import type { ImageTags } from '../mirror/failure.ts';
import type { Listing } from '../mirror/listing.ts';
import {
  type MutableRecordedImages,
  type RecordEntry,
  type RecordedImages,
  setEntry,
} from '../mirror/record-entry.ts';
import type { Drift } from '../mirror/result.ts';
import type { SettingsOf } from '../mirror/settings.ts';
import type { UndeterminedTag } from '../mirror/work.ts';
import type { JudgedTag, Verdict } from './adopt.ts';
import type { Findings } from './findings.ts';

/** What a comparison records and reports. */
export interface Comparison {
  /** Entries to record. */
  readonly entries: RecordedImages;
  /** Entries to remove from the record, unless `entries` replaces them. */
  readonly removed: RecordedImages;
  readonly drift: Omit<Drift, 'removed'>;
}

/** What the record and the audit say about a tag that they don't agree on, or that is not recorded. */
type Situation =
  /** Recorded with a digest; the target does not have the tag. */
  | 'missing'
  /** Recorded with a digest; the target has another one. */
  | 'changed'
  /** Recorded with the digest that the target has, but without all blobs and children. */
  | 'hollow'
  /** Recorded with an unknown digest. */
  | 'undigested'
  /** Not recorded. */
  | 'unrecorded';

/** What follows for one tag. */
interface Conclusion {
  /** Record the entry that the verdict found. */
  readonly records?: true;
  /** Remove the entry that is recorded. */
  readonly removes?: true;
  /** The list of the drift that names the tag. */
  readonly reports?: keyof Comparison['drift'];
}

type Conclusions = Readonly<Record<Verdict['kind'], Conclusion>>;

const NOTHING: Conclusion = {};

const always = (conclusion: Conclusion): Conclusions => ({
  present: conclusion,
  different: conclusion,
  absent: conclusion,
  undetermined: conclusion,
  hollow: conclusion,
});

/** All rules: by situation, then by verdict. A tag without a verdict counts as undetermined. */
const CONCLUSIONS: Readonly<Record<Situation, Conclusions>> = {
  missing: always({ removes: true, reports: 'missing' }),
  hollow: always({ removes: true, reports: 'hollow' }),
  changed: {
    ...always({ removes: true, reports: 'changed' }),
    present: { records: true, removes: true, reports: 'changed' },
  },
  undigested: {
    present: { records: true },
    different: { removes: true, reports: 'differs' },
    absent: { removes: true, reports: 'missing' },
    undetermined: NOTHING,
    hollow: { removes: true, reports: 'hollow' },
  },
  unrecorded: {
    present: { records: true },
    different: { reports: 'differs' },
    absent: NOTHING,
    undetermined: NOTHING,
    hollow: { reports: 'hollow' },
  },
};

/** The source's tags to look up with `adopt`: those that are not recorded, or not with the digest that the target has. */
export function findUndetermined(
  { images }: Listing,
  recorded: RecordedImages,
  changed: RecordedImages,
  settingsOf: SettingsOf = () => undefined,
): UndeterminedTag[] {
  const found: UndeterminedTag[] = [];
  for (const [image, { repository, tags }] of images) {
    for (const [tag, descriptor] of tags) {
      const entry = recorded.get(image)?.get(tag);
      if (entry && changed.get(image)?.has(tag) !== true) continue;
      const settings = settingsOf(image, tag);
      found.push({ image, repository, tag, descriptor, ...(settings && { settings }) });
    }
  }
  return found;
}

/** Combines the record, the findings of the audit, and the verdicts on all other tags. */
export function concludeComparison(
  recorded: RecordedImages,
  { missing, changed, hollow }: Pick<Findings, 'missing' | 'changed' | 'hollow'>,
  judged: readonly JudgedTag[],
): Comparison {
  const entries: MutableRecordedImages = new Map();
  const removed: MutableRecordedImages = new Map();
  const drift = {
    missing: new TagList(),
    changed: new TagList(),
    hollow: new TagList(),
    differs: new TagList(),
  };
  const conclude = (situation: Situation, image: string, tag: string, verdict: Verdict): void => {
    const { records, removes, reports } = CONCLUSIONS[situation][verdict.kind];
    if (removes) setEntry(removed, image, tag, recorded.get(image)?.get(tag) ?? null);
    if (records && verdict.kind === 'present') setEntry(entries, image, tag, verdict.entry);
    if (reports) drift[reports].add(image, tag);
  };
  const verdicts = new Map(judged.map((one) => [keyOf(one.undetermined), one.verdict]));
  const verdictOn = (image: string, tag: string): Verdict =>
    verdicts.get(keyOf({ image, tag })) ?? { kind: 'undetermined' };
  const audited = [
    ['missing', missing],
    ['changed', changed],
    ['hollow', hollow],
  ] as const;
  for (const [situation, images] of audited)
    for (const [image, tag] of tagsOf(images)) conclude(situation, image, tag, verdictOn(image, tag));
  for (const { undetermined, verdict } of judged) {
    const { image, tag } = undetermined;
    const entry = recorded.get(image)?.get(tag);
    if (entry === undefined) conclude('unrecorded', image, tag, verdict);
    if (entry === null) conclude('undigested', image, tag, verdict);
  }
  return {
    entries,
    removed,
    drift: {
      missing: drift.missing.images(),
      changed: drift.changed.images(),
      hollow: drift.hollow.images(),
      differs: drift.differs.images(),
    },
  };
}

function keyOf({ image, tag }: { readonly image: string; readonly tag: string }): string {
  return `${image}:${tag}`;
}

function* tagsOf(images: RecordedImages): Generator<[image: string, tag: string, entry: RecordEntry]> {
  for (const [image, entries] of images) for (const [tag, entry] of entries) yield [image, tag, entry];
}

/** Tags, grouped by image. */
class TagList {
  readonly #byImage = new Map<string, string[]>();

  add(image: string, tag: string): void {
    const tags = this.#byImage.get(image);
    if (tags) tags.push(tag);
    else this.#byImage.set(image, [tag]);
  }

  images(): ImageTags[] {
    return Array.from(this.#byImage, ([image, tags]) => ({ image, tags }));
  }
}
