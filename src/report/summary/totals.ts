import { countTags } from '../../mirror/failure.ts';
import { formatBytes, formatCount, formatDuration, plural } from '../../mirror/format.ts';
import { type Counts, countAll } from '../../mirror/result.ts';
import type { RunResult } from '../result.ts';
import type { Page } from './page.ts';

interface KindOfTag {
  readonly count: keyof Counts;
  readonly sign: string;
  readonly title: string;
  /** Set where a dry run or plan has another title. */
  readonly dryTitle?: string;
}

/** The kinds of tags that the bar shows, in its order. */
const KINDS = [
  { count: 'added', sign: '🟩', title: 'Added', dryTitle: 'To add' },
  { count: 'updated', sign: '🟦', title: 'Updated', dryTitle: 'To update' },
  { count: 'unchanged', sign: '⬜', title: 'Unchanged' },
  { count: 'pending', sign: '🟨', title: 'Pending' },
  { count: 'failed', sign: '🟥', title: 'Failed' },
] as const satisfies readonly KindOfTag[];

const BAR_SIGNS = 30;

/** A bar of coloured squares, and the table that explains it. Kinds without tags are left out. */
export function addTotals(page: Page, { namespaces, dryRun, mode, started, finished }: RunResult): void {
  const counts = countAll(namespaces);
  const kinds = KINDS.filter(({ count }) => counts[count] > 0);
  if (kinds.length > 1) page.add(`${renderBar(counts)}\n`);
  const isCopying = mode === 'sync' || mode === 'plan';
  const columns = [
    ...kinds.map(
      (kind) => [`${kind.sign} ${titleOf(kind, dryRun)}`, formatCount(counts[kind.count])] as const,
    ),
    ...(counts.gone > 0 ? [['Removed from the source', formatCount(counts.gone)] as const] : []),
    ...(counts.referrers > 0 ? [['Referrers', formatCount(counts.referrers)] as const] : []),
    ...(isCopying && counts.bytes > 0
      ? [[dryRun ? 'Size (at most)' : 'Sent', formatBytes(counts.bytes)] as const]
      : []),
    ['Took', formatDuration(finished.getTime() - started.getTime())] as const,
  ];
  page.addTable(
    columns.map(([title]) => ({ title, align: 'right' })),
    [columns.map(([, value]) => value)],
  );
}

const titleOf = ({ title, dryTitle }: KindOfTag, dryRun: boolean): string =>
  dryRun && dryTitle !== undefined ? dryTitle : title;

/** Squares in proportion to the counts; every kind that occurs has at least one. */
export function renderBar(counts: Counts): string {
  const total = KINDS.reduce((sum, { count }) => sum + counts[count], 0);
  if (total === 0) return '';
  const shares = KINDS.filter(({ count }) => counts[count] > 0).map(({ count, sign }) => {
    const exact = (counts[count] / total) * BAR_SIGNS;
    return { sign, squares: Math.max(1, Math.round(exact)) };
  });
  const excess = shares.reduce((sum, { squares }) => sum + squares, 0) - BAR_SIGNS;
  const widest = shares.toSorted((a, b) => b.squares - a.squares)[0];
  return shares.map((share) => share.sign.repeat(share.squares - (share === widest ? excess : 0))).join('');
}

/** The result in one line: the heading of the summary, the last line of the log. */
export function renderHeadline(result: RunResult): string {
  const { sign, text } = headline(result);
  return `${sign} ${text}`;
}

interface Headline {
  readonly sign: string;
  readonly text: string;
}

const HEADLINES: Readonly<Record<RunResult['mode'], (result: RunResult, counts: Counts) => Headline>> = {
  sync: (result, counts) => (result.dryRun ? dryRunHeadline(counts) : syncHeadline(result, counts)),
  plan: planHeadline,
  compare: compareHeadline,
  monitor: monitorHeadline,
  record: (result, counts) => {
    const { sign, text } = result.dryRun ? dryRunHeadline(counts) : syncHeadline(result, counts);
    return { sign, text: `Record: ${text}` };
  },
};

function headline(result: RunResult): Headline {
  return HEADLINES[result.mode](result, countAll(result.namespaces));
}

function syncHeadline({ errors, namespaces }: RunResult, counts: Counts): Headline {
  const { added, updated, unchanged, failed, pending, referrers } = counts;
  const adopted = namespaces.reduce((sum, result) => sum + result.adopted, 0);
  const done = [
    ...(added > 0 ? [`${plural(added, 'tag')} added`] : []),
    ...(updated > 0 ? [`${plural(updated, 'tag')} updated`] : []),
    ...(adopted > 0 ? [`${plural(adopted, 'tag')} adopted`] : []),
    ...(referrers > 0 ? [`${plural(referrers, 'referrer')} copied`] : []),
  ];
  const problems = [
    ...(failed > 0 ? [`${plural(failed, 'tag')} failed`] : []),
    ...(errors.length > 0 ? [plural(errors.length, 'error')] : []),
    ...(pending > 0 ? [`${plural(pending, 'tag')} left to the next run`] : []),
  ];
  const sign = failed + errors.length > 0 ? '❌' : pending > 0 ? '⏳' : '✅';
  if (done.length + problems.length > 0) return { sign, text: [...problems, ...done].join(', ') };
  return { sign, text: `Nothing to mirror: ${plural(unchanged, 'tag')} up to date` };
}

function dryRunHeadline({ added, updated, failed }: Counts): Headline {
  const parts = [
    ...(failed > 0 ? [plural(failed, 'failure')] : []),
    ...(added > 0 ? [`${plural(added, 'tag')} would be added`] : []),
    ...(updated > 0 ? [`${plural(updated, 'tag')} would be updated`] : []),
  ];
  const text = parts.length > 0 ? parts.join(', ') : 'nothing to mirror';
  return { sign: failed > 0 ? '❌' : '🔍', text: `Dry run: ${text}` };
}

function planHeadline({ matrix }: RunResult, { added, updated, failed }: Counts): Headline {
  const jobs = matrix?.include.length ?? 0;
  const text =
    jobs > 0 ? `${plural(jobs, 'job')} for ${plural(added + updated, 'tag')}` : 'nothing to mirror';
  const failures = failed > 0 ? `, ${plural(failed, 'failure')}` : '';
  return { sign: failed > 0 ? '❌' : '📋', text: `Plan: ${text}${failures}` };
}

function compareHeadline({ namespaces, errors }: RunResult, { failed }: Counts): Headline {
  const drifts = namespaces.flatMap(({ drift }) => drift ?? []);
  const sum = (kind: 'missing' | 'changed' | 'differs'): number =>
    drifts.reduce((total, drift) => total + countTags(drift[kind]), 0);
  const parts = [
    ...(failed > 0 ? [`${plural(failed, 'tag')} failed`] : []),
    ...(errors.length > 0 ? [plural(errors.length, 'error')] : []),
    ...(sum('missing') > 0 ? [`${plural(sum('missing'), 'tag')} missing`] : []),
    ...(sum('changed') > 0 ? [`${plural(sum('changed'), 'tag')} changed`] : []),
    ...(sum('differs') > 0 ? [`${plural(sum('differs'), 'unrecorded tag')} different`] : []),
  ];
  if (parts.length === 0) return { sign: '✅', text: 'Compared: the target matches the record' };
  return { sign: '❌', text: `Compared: ${parts.join(', ')}` };
}

function monitorHeadline(_: RunResult, { unchanged, pending, failed }: Counts): Headline {
  const total = unchanged + pending;
  const share = total === 0 ? 100 : Math.floor((unchanged / total) * 1000) / 10;
  const failures = failed > 0 ? `, ${plural(failed, 'failure')}` : '';
  return {
    sign: failed > 0 ? '❌' : '📊',
    text: `${share} % mirrored: ${formatCount(unchanged)} of ${plural(total, 'tag')}${failures}`,
  };
}
