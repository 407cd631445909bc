import { plural } from '../mirror/format.ts';
import { codeBlock, link } from '../mirror/markdown.ts';
import { pullReference } from './registry-page.ts';
import type { RunResult } from './result.ts';
import { addMatrix } from './summary/matrix.ts';
import { addStates } from './summary/monitor.ts';
import { addNamespaces } from './summary/namespaces.ts';
import { Page } from './summary/page.ts';
import { addLimits, addProblems } from './summary/problems.ts';
import { addTotals, renderHeadline } from './summary/totals.ts';

/** GitHub drops a summary of more than 1 MiB per step entirely. */
const MAX_BYTES = 512 * 1024;

/** The job summary in GitHub-flavoured Markdown: totals, problems with their remedies, then the namespaces. */
export function renderSummary(result: RunResult, maxBytes = MAX_BYTES): string {
  const page = new Page(maxBytes);
  page.add(`## ${renderHeadline(result)}\n`);
  addTotals(page, result);
  addProblems(page, result);
  addLimits(page, result);
  addPulls(page, result);
  addPullCommand(page, result);
  if (result.matrix) addMatrix(page, result.matrix);
  if (result.mode === 'monitor') addStates(page, result.namespaces);
  else addNamespaces(page, result);
  addCommits(page, result);
  return page.text();
}

/** Copying counts against the pull limit of a source that has one. */
function addPulls(page: Page, { namespaces }: RunResult): void {
  const pulls = namespaces.flatMap((one) => (one.pulls ? [one.pulls] : []));
  const count = pulls.reduce((sum, one) => sum + one.count, 0);
  if (count === 0) return;
  const least = pulls.every(({ exact }) => exact) ? '' : 'at least ';
  page.add(
    `Copying takes ${least}${plural(count, 'manifest request')} to the sources, which count against a pull limit.\n`,
  );
}

/** For a first look at the mirror. */
function addPullCommand(page: Page, { namespaces, mode, dryRun }: RunResult): void {
  if (mode !== 'sync' || dryRun) return;
  for (const { target, added, updated } of namespaces.flatMap(({ copied }) => copied)) {
    const [tag = ''] = [...added, ...updated];
    const reference = pullReference(target, tag);
    if (reference !== undefined) return page.add(codeBlock(`docker pull ${reference}`, 'sh'));
  }
}

function addCommits(page: Page, { commits = [] }: RunResult): void {
  // A file that was written at checkpoints has several commits.
  const last = new Map(commits.map(({ path, url }) => [path, url]));
  const pages = Array.from(last).flatMap(([path, url]) => {
    const parsed = URL.parse(url);
    return parsed && /^https?:$/.test(parsed.protocol) ? [link(path, parsed)] : [];
  });
  if (pages.length > 0) page.add(`Recorded in ${pages.join(', ')}\n`);
}
