import { type ImageTags, countTags } from '../../mirror/failure.ts';
import { type FilteredOut, FILTERS, countFilteredOut } from '../../mirror/filters.ts';
import { formatBytes, formatCount, plural } from '../../mirror/format.ts';
import { codeBlock, link, codeList, codeSpan, htmlCode } from '../../mirror/markdown.ts';
import { type CopiedImage, type NamespaceResult, countAll } from '../../mirror/result.ts';
import { registryPage } from '../registry-page.ts';
import type { RunResult } from '../result.ts';
import type { Page } from './page.ts';

/** Table rows and lists that are shown unfolded: about a screen. */
const MAX_OPEN_ROWS = 25;

/** The namespaces that changed, then the others in one folded list. */
export function addNamespaces(page: Page, run: RunResult): void {
  let rows = 0;
  const changed = run.namespaces.filter((result) => isNotable(result, run));
  for (const result of changed) {
    const own = rowsOf(result, run);
    rows += own;
    const isFolded = rows > MAX_OPEN_ROWS;
    if (isFolded) addFolded(page, result, run);
    else addOpen(page, result, run);
  }
  addUnchanged(
    page,
    run.namespaces.filter((result) => !changed.includes(result)),
  );
}

/** True if there is more to say than the number of unchanged tags. */
function isNotable(result: NamespaceResult, run: RunResult): boolean {
  return rowsOf(result, run) > 0 || notesOf({ ...result, unchanged: 0 }).length > 0;
}

function rowsOf({ copied, drift, gone, section }: NamespaceResult, { dryRun }: RunResult): number {
  const lists = drift ? [...drift.missing, ...drift.changed, ...drift.hollow, ...drift.differs] : [];
  return copied.length + lists.length + (dryRun ? gone.length : 0) + (section === undefined ? 0 : 1);
}

function addOpen(page: Page, result: NamespaceResult, run: RunResult): void {
  page.add(`### ${codeSpan(result.namespace)} → ${codeSpan(result.target)}\n`);
  addContent(page, result, run);
}

function addFolded(page: Page, result: NamespaceResult, run: RunResult): void {
  const { added, updated, bytes } = countAll([result]);
  const parts = [
    ...(added > 0 ? [`${formatCount(added)} added`] : []),
    ...(updated > 0 ? [`${formatCount(updated)} updated`] : []),
    ...(bytes > 0 ? [formatBytes(bytes)] : []),
  ];
  const counts = parts.length > 0 ? `: ${parts.join(', ')}` : '';
  page.addDetails(`${htmlCode(result.namespace)} → ${htmlCode(result.target)}${counts}`, () =>
    addContent(page, result, run),
  );
}

function addContent(page: Page, result: NamespaceResult, { dryRun }: RunResult): void {
  const notes = [...notesOf(result), ...describeRemoved(result, dryRun)];
  if (notes.length > 0) page.add(`${notes.join(' · ')}\n`);
  addImages(page, result.copied, dryRun);
  addDrift(page, result);
  if (dryRun) addTags(page, 'Removed from the source; the mirror keeps them', result.gone);
  if (result.section !== undefined) {
    const block = codeBlock(result.section, 'markdown');
    page.addDetails('The section that the changelog would get', () => page.add(block));
  }
}

function addImages(page: Page, copied: readonly CopiedImage[], dryRun: boolean): void {
  const hasAdded = copied.some(({ added }) => added.length > 0);
  const hasUpdated = copied.some(({ updated }) => updated.length > 0);
  page.addTable(
    [
      { title: 'Image' },
      ...(hasAdded ? [{ title: dryRun ? 'Would add' : 'Added' }] : []),
      ...(hasUpdated ? [{ title: dryRun ? 'Would update' : 'Updated' }] : []),
      { title: dryRun ? 'Size (at most)' : 'Sent', align: 'right' },
    ],
    copied.map(({ image, target, added, updated, bytes }) => [
      imageLink(image, target),
      ...(hasAdded ? [codeList(added)] : []),
      ...(hasUpdated ? [codeList(updated)] : []),
      formatBytes(bytes),
    ]),
  );
}

function imageLink(image: string, target: string): string {
  const url = registryPage(target);
  return url ? link(image, url) : codeSpan(image);
}

function notesOf(result: NamespaceResult): string[] {
  const { unchanged, gone, pending, adopted, filteredOut, notRechecked, unsupported } = result;
  const { referrers, referrersUnchecked } = result;
  const schema1 = countTags(unsupported);
  return [
    ...(unchanged > 0 ? [`${formatCount(unchanged)} unchanged`] : []),
    ...(adopted > 0 ? [`${formatCount(adopted)} adopted`] : []),
    ...(pending > 0 ? [`${formatCount(pending)} left to the next run`] : []),
    ...(gone.length > 0 ? [`${formatCount(countTags(gone))} removed from the source`] : []),
    ...describeFilteredOut(filteredOut),
    ...(notRechecked > 0 ? [`${formatCount(notRechecked)} not rechecked`] : []),
    ...(referrers > 0 ? [`${plural(referrers, 'referrer')} copied`] : []),
    ...(referrersUnchecked > 0
      ? [`${plural(referrersUnchecked, 'image')} not checked for new referrers`]
      : []),
    ...(schema1 > 0 ? [`${formatCount(schema1)} unsupported (schema1)`] : []),
  ];
}

/** `12 filtered out (8 by exclude, 4 by semver)` */
function describeFilteredOut(filteredOut: FilteredOut): string[] {
  const parts = FILTERS.filter((name) => filteredOut[name] > 0).map(
    (name) => `${formatCount(filteredOut[name])} by ${name}`,
  );
  return parts.length === 0
    ? []
    : [`${formatCount(countFilteredOut(filteredOut))} filtered out (${parts.join(', ')})`];
}

function describeRemoved({ drift }: NamespaceResult, dryRun: boolean): string[] {
  if (!drift || drift.removed === 0) return [];
  const entries = drift.removed === 1 ? '1 entry' : `${formatCount(drift.removed)} entries`;
  return dryRun
    ? [`${entries} would be removed from the record`]
    : [`${entries} removed from the record, so that the next sync copies them again`];
}

function addDrift(page: Page, { drift }: NamespaceResult): void {
  if (!drift) return;
  addTags(page, 'Recorded, but missing from the target', drift.missing);
  addTags(page, 'Recorded, but with another digest in the target', drift.changed);
  addTags(page, 'In the target, but without all blobs and manifests of the image', drift.hollow);
  addTags(page, 'Not recorded, and different in source and target', drift.differs);
}

function addTags(page: Page, title: string, images: readonly ImageTags[]): void {
  if (images.length === 0) return;
  page.add(`#### ${title}\n`);
  for (const { image, tags } of images) page.add(`- ${codeSpan(image)}: ${codeList(tags)}`);
  page.add('');
}

function addUnchanged(page: Page, namespaces: readonly NamespaceResult[]): void {
  const known = namespaces.filter(({ unchanged, failures }) => unchanged > 0 || failures.length === 0);
  if (known.length === 0) return;
  page.addDetails(`${plural(known.length, 'namespace')} without changes`, () => {
    for (const { namespace, target, unchanged } of known)
      page.add(`- ${codeSpan(namespace)} → ${codeSpan(target)}: ${plural(unchanged, 'tag')}`);
  });
}
