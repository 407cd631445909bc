import { type MutableRecordedImages, type RecordedImages, setEntry } from '../mirror/record-entry.ts';
import type { Digest } from '../oci/digest.ts';
import type { JudgedTag } from './adopt.ts';
import { type ContentFinding, type ContentOptions, type TargetTag, checkContent } from './content-check.ts';
import { FailureList, type Findings } from './findings.ts';

/** An audit and its verdicts, after the content of the tags that the target has was checked. */
export interface CheckedContent {
  readonly findings: Findings;
  readonly judged: readonly JudgedTag[];
  /** Tags whose content the target does not have, with the missing parts. */
  readonly hollow: readonly HollowTag[];
  /** Number of tags that were not checked. */
  readonly unchecked: number;
}

export interface HollowTag extends TargetTag {
  readonly missing: readonly Digest[];
}

/** Checks the content of all tags that the target has by the audit and the verdicts, and corrects both. */
export async function applyContentCheck(
  findings: Findings,
  judged: readonly JudgedTag[],
  recorded: RecordedImages,
  options: ContentOptions,
): Promise<CheckedContent> {
  const tags = [...findings.present, ...judged.flatMap(presentTag)];
  const contents = await checkContent(tags, options);
  const found = new Map(tags.map((tag, index) => [keyOf(tag), contents[index]]));
  const contentOf = (tag: Pick<TargetTag, 'image' | 'tag'>): ContentFinding =>
    found.get(keyOf(tag)) ?? { kind: 'unchecked' };
  return {
    findings: correctFindings(findings, recorded, contentOf),
    judged: judged.map((one) => correctVerdict(one, contentOf)),
    hollow: tags.flatMap((tag) => {
      const content = contentOf(tag);
      return content.kind === 'hollow' ? [{ ...tag, missing: content.missing }] : [];
    }),
    unchecked: contents.filter(({ kind }) => kind === 'unchecked').length,
  };
}

type ContentOf = (tag: Pick<TargetTag, 'image' | 'tag'>) => ContentFinding;

function keyOf({ image, tag }: Pick<TargetTag, 'image' | 'tag'>): string {
  return `${image}:${tag}`;
}

/** A judged tag that the target has. */
function presentTag({ undetermined: { image, tag }, verdict }: JudgedTag): TargetTag[] {
  if (verdict.kind !== 'present') return [];
  const { entry } = verdict;
  return [{ image, tag, digest: typeof entry === 'string' ? entry : entry.target }];
}

function correctFindings(findings: Findings, recorded: RecordedImages, contentOf: ContentOf): Findings {
  const hollow: MutableRecordedImages = new Map();
  const unknown: MutableRecordedImages = new Map(
    Array.from(findings.unknown, ([image, entries]) => [image, new Map(entries)]),
  );
  const failures = new FailureList();
  const present = findings.present.filter((found) => {
    const { image, tag } = found;
    const content = contentOf(found);
    const entry = recorded.get(image)?.get(tag) ?? null;
    if (content.kind === 'hollow') setEntry(hollow, image, tag, entry);
    if (content.kind === 'unknown') {
      setEntry(unknown, image, tag, entry);
      failures.add(image, tag, content.reason);
    }
    return content.kind === 'whole' || content.kind === 'unchecked';
  });
  return { ...findings, present, hollow, unknown, failures: [...findings.failures, ...failures.list()] };
}

/** A tag whose content is unknown stays undetermined: the next run looks it up again. */
function correctVerdict(judged: JudgedTag, contentOf: ContentOf): JudgedTag {
  if (judged.verdict.kind !== 'present') return judged;
  const { kind } = contentOf(judged.undetermined);
  if (kind === 'hollow') return { ...judged, verdict: { kind: 'hollow' } };
  return kind === 'unknown' ? { ...judged, verdict: { kind: 'undetermined' } } : judged;
}
