import { formatBytes, plural } from '../../mirror/format.ts';
import { codeBlock, codeList, codeSpan, escapeMarkdown } from '../../mirror/markdown.ts';
import { nameOf } from '../annotations.ts';
import { groupFailures } from '../failure-groups.ts';
import type { RunResult, Unrecorded } from '../result.ts';
import type { Page } from './page.ts';

const MAX_REASON_CHARACTERS = 600;
/** Longer files are not shown. */
const MAX_FILE_BYTES = 128 * 1024;
/** Groups of failures that are shown unfolded. */
const MAX_OPEN_GROUPS = 10;
const NAMES_PER_GROUP = 5;

const escapeReason = (reason: string): string => escapeMarkdown(reason.slice(0, MAX_REASON_CHARACTERS));

/** Errors of the run, failed tags, and files that could not be written. */
export function addProblems(page: Page, result: RunResult): void {
  for (const error of result.errors) page.add(`> ❌ **Error:** ${escapeReason(error)}\n`);
  addFailures(page, result);
  for (const file of result.unrecorded ?? []) addUnrecorded(page, file);
  for (const warning of result.warnings) page.add(`> ⚠️ **Warning:** ${escapeReason(warning)}\n`);
}

/** What the next run starts from: why this one stopped early. */
export function addLimits(page: Page, { stopped = [] }: RunResult): void {
  for (const reason of stopped) page.add(`> ⏳ **Next run:** ${escapeReason(reason)}\n`);
}

/** Failures by cause, the most frequent first. */
function addFailures(page: Page, { namespaces }: RunResult): void {
  const groups = groupFailures(namespaces);
  if (groups.length === 0) return;
  const items = groups.map(({ reason, members }) => {
    const names = members.map(({ namespace, failure }) => nameOf(namespace, failure));
    return `- ${codeList(names, NAMES_PER_GROUP)}: ${escapeReason(reason)}`;
  });
  page.add('### Failed\n');
  for (const item of items.slice(0, MAX_OPEN_GROUPS)) page.add(item);
  page.add('');
  const rest = items.slice(MAX_OPEN_GROUPS);
  if (rest.length === 0) return;
  page.addDetails(plural(rest.length, 'more reason'), () => {
    for (const item of rest) page.add(item);
  });
}

/** Shows what could not be recorded, so that someone can commit it. The JSON report always has all of it. */
function addUnrecorded(page: Page, { path, content, addition }: Unrecorded): void {
  const shown = [content, addition].find((text) => Buffer.byteLength(text) <= MAX_FILE_BYTES);
  page.add(
    `### Not recorded: ${shown === content ? 'the content of' : 'to be added to'} ${codeSpan(path)}\n`,
  );
  const size = formatBytes(Buffer.byteLength(addition));
  if (shown === undefined) page.add(`${size}: see the JSON report.\n`);
  else page.add(codeBlock(shown, path.endsWith('.json') ? 'json' : 'markdown'));
}
