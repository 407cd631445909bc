import type { NamespaceManifest, RecordedImages } from '../mirror/record-entry.ts';
import { type Namespace, formatNamespace, parseNamespace } from '../mirror/namespace.ts';
import { DEFAULT_MANIFEST_PATH, MANIFEST_PATH_PER_TARGET, recordPath } from '../mirror/record-path.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import type { ReportedRecord } from '../report/result.ts';
import { type ManifestChange, applyChange, hasChanges } from './manifest-change.ts';
import { ManifestError, parseNamespaceManifest, serializeNamespaceManifest } from './namespace-manifest.ts';

/** What a report says about one namespace: undefined where nothing changes. */
export function reportedRecord(
  { recordPath: path, recorded }: Pick<NamespacePlan, 'recordPath' | 'recorded'>,
  change: ManifestChange,
): ReportedRecord | undefined {
  if (!hasChanges(change)) return undefined;
  const { source, target } = recorded;
  const { entries, unlogged, removed = new Map() } = change;
  const empty: NamespaceManifest = { source, target, images: new Map() };
  const addition = applyChange(empty, { entries, ...(unlogged && { unlogged }) });
  return {
    path,
    source,
    target,
    addition: serializeNamespaceManifest(addition),
    removal: serializeNamespaceManifest({ ...empty, images: removed }),
  };
}

/** A record of a report, read and checked. */
export interface ReadRecord {
  readonly path: string;
  readonly source: string;
  readonly target: string;
  readonly addition: NamespaceManifest;
  readonly removed: RecordedImages;
}

/**
 * Reads a record of a report. Reports are files that another job left: each part is checked as a namespace manifest is.
 *
 * @param template the input `manifest-path`: a report must not choose which file is written
 * @throws ManifestError
 */
export function readReportedRecord(
  { path, source, target, addition, removal }: ReportedRecord,
  template: string,
): ReadRecord {
  const expectedPath = expectedPathOf(path, template, namespaceOf(source), namespaceOf(target));
  if (path !== expectedPath) {
    throw new ManifestError(
      `it names ${JSON.stringify(path.slice(0, 300))} for ${source}, but "manifest-path" gives ${expectedPath}: use the same ` +
        '"manifest-path" in all jobs',
    );
  }
  const parse = (text: string): NamespaceManifest =>
    parseNamespaceManifest(new TextEncoder().encode(text), { path, source, target });
  return { path, source, target, addition: parse(addition), removed: parse(removal).images };
}

/** The job that merges reports does not know the number of targets, on which the default template depends. */
function expectedPathOf(path: string, template: string, source: Namespace, target: Namespace): string {
  const perTarget = recordPath(MANIFEST_PATH_PER_TARGET, source, target);
  return template === DEFAULT_MANIFEST_PATH && path === perTarget
    ? perTarget
    : recordPath(template, source, target);
}

function namespaceOf(text: string): Namespace {
  const namespace = parseNamespace(text, '');
  if (typeof namespace !== 'string' && formatNamespace(namespace) === text) return namespace;
  throw new ManifestError(`${JSON.stringify(text.slice(0, 300))} is not a registry and path`);
}
