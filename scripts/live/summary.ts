import type { Behaviour } from './behaviours.ts';
import type { LiveRun } from './mirror.ts';

/** One thing that a stand-in does, and what the live registry did. */
export interface Comparison {
  readonly registry: string;
  readonly behaviour: Behaviour;
  readonly expected: string;
  readonly found: string;
}

export function isSame({ expected, found }: Comparison): boolean {
  return expected === found;
}

/** Markdown for the job's summary: differences first. */
export function liveSummary(comparisons: readonly Comparison[], runs: readonly LiveRun[]): string {
  const different = comparisons.filter((comparison) => !isSame(comparison));
  const failed = runs.filter(({ problems }) => problems.length > 0);
  return [
    '## Live registries',
    '',
    `${comparisons.length - different.length} of ${comparisons.length} answers are those of the stand-ins, and ` +
      `${runs.length - failed.length} of ${runs.length} runs did what they should.`,
    '',
    ...failed.flatMap(({ title, problems }) => problems.map((problem) => `- **${title}**: ${problem}`)),
    ...(failed.length > 0 ? [''] : []),
    table(
      ['run', 'added', 'updated', 'unchanged', 'failed', 'bytes', 'seconds'],
      runs.map(({ title, outputs, duration }) => [
        title,
        ...['added', 'updated', 'unchanged', 'failed', 'bytes'].map((name) => outputs[name] ?? ''),
        (duration / 1000).toFixed(1),
      ]),
    ),
    '',
    table(
      ['registry', 'question', 'stand-in', 'live', ''],
      [...different, ...comparisons.filter(isSame)].map((comparison) => [
        comparison.registry,
        comparison.behaviour,
        comparison.expected,
        isSame(comparison) ? comparison.found : `**${comparison.found}**`,
        isSame(comparison) ? '' : 'differs',
      ]),
    ),
    '',
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.map(escapeCell).join(' | ')} |`).join('\n');
}

/** What a registry answered is not ours to trust. */
function escapeCell(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .replace(/[|<>[\]`\\]/g, (sign) => `\\${sign}`)
    .slice(0, 200);
}
