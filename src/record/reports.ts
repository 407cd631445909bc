import * as v from 'valibot';
import {
  type MutableRecordedImages,
  type RecordedImages,
  type UnloggedTags,
  mergeImages,
} from '../mirror/record-entry.ts';
import type { ReportFile } from '../mirror/report-file.ts';
import type { CopiedImage, NamespaceResult } from '../mirror/result.ts';
import { type Digest, isDigest, isReference } from '../oci/digest.ts';
import { messageOf, printable } from '../oci/errors.ts';
import { isImageKey } from '../mirror/image-key.ts';
import { emptyResult } from '../report/result-of.ts';
import type { FinalRecordable } from './record.ts';
import { type ReadRecord, readReportedRecord } from './reported-record.ts';
import { joinTags, markUnlogged, unloggedOf } from './unlogged.ts';

/** What one job did, as its report says: read and checked. */
export interface JobReport {
  readonly records: readonly ReadRecord[];
  readonly copied: readonly NamespaceCopies[];
}

interface NamespaceCopies {
  readonly namespace: string;
  readonly target: string;
  readonly copied: readonly CopiedImage[];
}

const Count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const Tags = v.array(v.pipe(v.string(), v.check(isReference, 'is not a tag')));
const Name = v.pipe(v.string(), v.maxLength(1000));
const Copied = v.object({
  image: v.pipe(v.string(), v.check(isImageKey, 'is not the name of an image')),
  target: Name,
  digest: v.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  added: Tags,
  updated: Tags,
  bytes: Count,
});
const Record = v.object({
  path: v.pipe(v.string(), v.maxLength(1024)),
  source: Name,
  target: Name,
  addition: v.string(),
  removal: v.string(),
});
const Report = v.object({
  version: v.literal(1),
  dryRun: v.boolean(),
  records: v.array(Record),
  namespaces: v.array(v.object({ namespace: Name, target: Name, copied: v.array(Copied) })),
});

/**
 * Reads the report of a job with `record: report`.
 *
 * @param template the input `manifest-path`
 * @throws Error that names the file and what is wrong with it
 */
export function readReport({ name, text }: ReportFile, template: string): JobReport {
  try {
    const { dryRun, records, namespaces } = v.parse(Report, JSON.parse(text));
    if (dryRun) return { records: [], copied: [] };
    const read = records.map((one) => readReportedRecord(one, template));
    return { records: read, copied: namespaces.filter((one) => isRecorded(one, read)) };
  } catch (error) {
    const why =
      error instanceof v.ValiError
        ? `${v.getDotPath(error.issues[0]) ?? 'its root'}: ${error.issues[0].message}`
        : messageOf(error);
    throw new Error(`The report ${name} can't be used, and nothing of it was recorded: ${printable(why)}`, {
      cause: error,
    });
  }
}

/** The changelog names no tag that the reports don't record. */
function isRecorded({ namespace, target, copied }: NamespaceCopies, records: readonly ReadRecord[]): boolean {
  const entries = records.find((one) => one.source === namespace && one.target === target)?.addition.images;
  const known = (image: string, tag: string): boolean => entries?.get(image)?.has(tag) === true;
  for (const { image, added, updated } of copied) {
    const missing = [...added, ...updated].find((tag) => !known(image, tag));
    if (missing !== undefined) throw new Error(`it has no entry for ${namespace}/${image}:${missing}`);
  }
  return copied.length > 0;
}

/** Merges the reports of all jobs, one recordable for each namespace manifest and what it is about: a manifest refuses a second source. */
export function mergeReports(reports: readonly JobReport[]): FinalRecordable[] {
  const records = reports.flatMap((report) => report.records);
  const byManifest = Map.groupBy(records, ({ path, source, target }) =>
    JSON.stringify([path, source, target]),
  );
  return Array.from(byManifest.values(), (own) => mergeRecords(own, reports));
}

function mergeRecords(records: readonly ReadRecord[], reports: readonly JobReport[]): FinalRecordable {
  const [first] = records;
  if (!first) throw new Error('A manifest has at least one record');
  const { path, source, target } = first;
  const additions = records.map(({ addition }) => addition);
  const copied = reports.flatMap((report) =>
    report.copied.filter((one) => one.namespace === source && one.target === target),
  );
  const result: NamespaceResult = {
    ...emptyResult(source, target),
    copied: copied.flatMap((one) => one.copied),
  };
  const own = unloggedOf(result.copied);
  const earlier = additions.reduce<UnloggedTags>(
    (all, { unlogged }) => markUnlogged(all, unlogged) ?? all,
    new Map(),
  );
  const removed: MutableRecordedImages = new Map();
  for (const one of records)
    for (const [image, tags] of one.removed)
      removed.set(image, new Map([...(removed.get(image) ?? []), ...tags]));
  return {
    plan: { recordPath: path, recorded: { source, target, images: new Map() } },
    entries: additions.reduce<RecordedImages>((all, { images }) => mergeImages(all, images), new Map()),
    removed,
    unlogged: own,
    // The plan marked the tags that it announced.
    named: joinTags(own, earlier),
    log: { result, earlier },
    result,
  };
}
