import { type ImageTags, countTags } from '../mirror/failure.ts';
import { type FilteredOut, FILTERS, countFilteredOut } from '../mirror/filters.ts';
import { formatBytes, formatCount, formatDuration, plural } from '../mirror/format.ts';
import { codeList, codeSpan, escapeMarkdown } from '../mirror/markdown.ts';
import type { Matrix } from '../mirror/matrix.ts';
import { type NamespaceResult, countAll } from '../mirror/result.ts';
import { nameOf } from './annotations.ts';
import type { RunResult, Unrecorded } from './result.ts';

/** GitHub drops a summary of more than 1 MiB per step entirely. */
const MAX_BYTES = 512 * 1024;
/** Bytes kept free for the line that counts the omitted lines. */
const RESERVE_BYTES = 200;
const MAX_REASON_CHARACTERS = 600;

const TITLES = {
  sync: 'Mirror',
  plan: 'Plan of a mirror',
  compare: 'Mirror compared with its record',
  monitor: 'State of the mirror',
  record: 'Record of a mirror',
} as const satisfies Record<RunResult['mode'], string>;

/** The job summary in GitHub-flavoured Markdown: totals, failures, then a table per namespace. */
export function renderSummary(result: RunResult, limit = MAX_BYTES): string {
  const page = new Page(limit);
  const isDry = result.dryRun && result.mode !== 'monitor';
  page.add(`## ${TITLES[result.mode]}${isDry ? ': dry run, nothing was copied' : ''}\n`);
  page.add(totals(result));
  addPulls(page, result);
  for (const error of result.errors)
    page.add(`> Error: ${escapeMarkdown(error.slice(0, MAX_REASON_CHARACTERS))}\n`);
  for (const warning of result.warnings)
    page.add(`> Warning: ${escapeMarkdown(warning.slice(0, MAX_REASON_CHARACTERS))}\n`);
  for (const reason of result.stopped ?? [])
    page.add(`> ${escapeMarkdown(reason.slice(0, MAX_REASON_CHARACTERS))}\n`);
  for (const file of result.unrecorded ?? []) addUnrecorded(page, file);
  addFailures(page, result);
  if (result.matrix) addMatrix(page, result.matrix);
  for (const namespace of result.namespaces) {
    addNamespace(page, namespace, result.dryRun);
    addDrift(page, namespace);
    if (isDry) addGone(page, namespace);
    if (namespace.section !== undefined) addSection(page, namespace.section);
  }
  return page.text();
}

function totals({ namespaces, dryRun, started, finished }: RunResult): string {
  const { added, updated, unchanged, failed, pending, gone, bytes } = countAll(namespaces);
  const names = ['Added', 'Updated', 'Unchanged', 'Failed', 'Pending', 'Removed'];
  const counts = [added, updated, unchanged, failed, pending, gone].map(formatCount);
  const duration = formatDuration(finished.getTime() - started.getTime());
  return [
    `| ${names.join(' | ')} | ${dryRun ? 'Bytes (at most)' : 'Sent'} | Took |`,
    `|${' ---: |'.repeat(names.length + 2)}`,
    `| ${counts.join(' | ')} | ${formatBytes(bytes)} | ${duration} |\n`,
  ].join('\n');
}

function addPulls(page: Page, { namespaces }: RunResult): void {
  const pulls = namespaces.flatMap((one) => (one.pulls ? [one.pulls] : []));
  const count = pulls.reduce((sum, one) => sum + one.count, 0);
  if (count === 0) return;
  const least = pulls.every(({ exact }) => exact) ? '' : 'at least ';
  page.add(
    `Copying takes ${least}${plural(count, 'manifest request')} to the sources, which count against a pull limit.\n`,
  );
}

/** Longer files are not shown. */
const MAX_FILE_BYTES = MAX_BYTES / 4;

/** Shows what could not be recorded, so that someone can commit it. The JSON report always has all of it. */
function addUnrecorded(page: Page, { path, content, addition }: Unrecorded): void {
  const shown = [content, addition].find((text) => Buffer.byteLength(text) <= MAX_FILE_BYTES);
  page.add(
    `### Not recorded: ${shown === content ? 'the content of' : 'to be added to'} ${codeSpan(path)}\n`,
  );
  const size = formatBytes(Buffer.byteLength(addition));
  if (shown === undefined) page.add(`${size}: see the JSON report.\n`);
  else page.add(fenced(shown, path.endsWith('.json') ? 'json' : 'markdown'));
}

function addMatrix(page: Page, { include }: Matrix): void {
  if (include.length === 0) return;
  page.add(`### ${plural(include.length, 'job')}\n`);
  page.add('| Namespace | Part | Tags | Bytes (at most) |');
  page.add('| --- | ---: | ---: | ---: |');
  for (const { namespace, part, tags, bytes } of include) {
    const names = codeList(namespace.split('\n'));
    page.add(`| ${names} | ${part} | ${formatCount(tags)} | ${formatBytes(bytes)} |`);
  }
  page.add('');
}

function addDrift(page: Page, { drift }: NamespaceResult): void {
  if (!drift) return;
  const kinds = [
    ['Recorded, but missing from the target', drift.missing],
    ['Recorded, but with another digest in the target', drift.changed],
    ['Not recorded, and different in source and target', drift.differs],
  ] as const;
  for (const [title, images] of kinds) addTags(page, title, images);
}

function addGone(page: Page, { gone }: NamespaceResult): void {
  addTags(page, 'Removed from the source; the mirror keeps them', gone);
}

function addTags(page: Page, title: string, images: readonly ImageTags[]): void {
  if (images.length === 0) return;
  page.add(`#### ${title}\n`);
  for (const { image, tags } of images) page.add(`- ${codeSpan(image)}: ${codeList(tags)}`);
  page.add('');
}

function addSection(page: Page, section: string): void {
  page.add(`#### In the changelog\n`);
  page.add(fenced(section, 'markdown'));
}

/** A code block that its content can't close: names of images and tags have no backtick. */
function fenced(content: string, language: string): string {
  return ['````' + language, content.trimEnd(), '````', ''].join('\n');
}

/** Failures grouped by reason: one wrong password can fail a thousand images. */
function addFailures(page: Page, { namespaces }: RunResult): void {
  const byReason = new Map<string, string[]>();
  for (const { namespace, failures } of namespaces) {
    for (const failure of failures) {
      const names = byReason.get(failure.reason);
      if (names) names.push(nameOf(namespace, failure));
      else byReason.set(failure.reason, [nameOf(namespace, failure)]);
    }
  }
  if (byReason.size === 0) return;
  page.add('### Failed\n');
  const items = Array.from(byReason).toSorted(([, a], [, b]) => b.length - a.length);
  for (const [reason, names] of items) {
    page.add(`- ${codeList(names, 5)}: ${escapeMarkdown(reason.slice(0, MAX_REASON_CHARACTERS))}`);
  }
  page.add('');
}

function addNamespace(page: Page, result: NamespaceResult, dryRun: boolean): void {
  const {
    namespace,
    target,
    copied,
    unchanged,
    gone,
    pending,
    adopted,
    filteredOut,
    notRechecked,
    unsupported,
  } = result;
  const { referrers, referrersUnchecked } = result;
  const schema1 = countTags(unsupported);
  const notes = [
    `${formatCount(unchanged)} unchanged`,
    ...(gone.length > 0 ? [`${formatCount(countTags(gone))} removed from the source`] : []),
    ...(pending > 0 ? [`${formatCount(pending)} left to the next run`] : []),
    ...(adopted > 0 ? [`${formatCount(adopted)} adopted`] : []),
    ...describeFilteredOut(filteredOut),
    ...(notRechecked > 0 ? [`${formatCount(notRechecked)} not rechecked`] : []),
    ...(referrers > 0 ? [`${plural(referrers, 'referrer')} copied`] : []),
    ...(referrersUnchecked > 0
      ? [`${plural(referrersUnchecked, 'image')} not checked for new referrers`]
      : []),
    ...(schema1 > 0 ? [`${formatCount(schema1)} unsupported (schema1)`] : []),
  ];
  page.add(`### ${codeSpan(namespace)} → ${codeSpan(target)}\n`);
  page.add(`${notes.join(', ')}\n`);
  if (copied.length === 0) return;
  page.add(`| Image | ${dryRun ? 'Would add' : 'Added'} | ${dryRun ? 'Would update' : 'Updated'} | Bytes |`);
  page.add('| --- | --- | --- | ---: |');
  for (const { image, added, updated, bytes } of copied) {
    page.add(`| ${codeSpan(image)} | ${codeList(added)} | ${codeList(updated)} | ${formatBytes(bytes)} |`);
  }
  page.add('');
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

/** Lines up to a limit in bytes. From the first line that does not fit, all are omitted and counted. */
class Page {
  readonly #lines: string[] = [];
  #free: number;
  #omitted = 0;

  constructor(limit: number) {
    this.#free = limit - RESERVE_BYTES;
  }

  add(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#omitted > 0 || bytes > this.#free) {
      this.#omitted += 1;
      return;
    }
    this.#free -= bytes;
    this.#lines.push(line);
  }

  text(): string {
    if (this.#omitted > 0)
      this.#lines.push('', `_${plural(this.#omitted, 'more line')} did not fit: see the JSON report._`);
    return `${this.#lines.join('\n')}\n`;
  }
}
