import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startGitHub } from '../../__tests__/support/github/stand-in.ts';
import { behavioursOf, observe } from './behaviours.ts';
import { type LiveRun, type LiveTarget, mirrorLive } from './mirror.ts';
import type { LiveSource } from './sources.ts';
import { type Comparison, isSame, liveSummary } from './summary.ts';

export interface LiveResult {
  /** Every answer was the stand-in's, and every run did what it should. */
  readonly succeeded: boolean;
  /** Markdown. */
  readonly summary: string;
  readonly runs: readonly LiveRun[];
}

/** Compares registries with their stand-ins, and mirrors one tag of each. @param reports folder for the JSON reports */
export async function checkLive(
  sources: readonly LiveSource[],
  target: LiveTarget,
  reports: string,
): Promise<LiveResult> {
  const comparisons = (await Promise.all(sources.map(compare))).flat();
  const github = await startGitHub({ 'octo/meta': { empty: true } });
  try {
    const runs = await mirrorLive(sources, target, github);
    await mkdir(reports, { recursive: true });
    for (const { title, report } of runs)
      await writeFile(
        join(reports, `${title.replaceAll(' ', '-')}.json`),
        JSON.stringify(report ?? null, null, 2),
      );
    return {
      succeeded: comparisons.every(isSame) && runs.every(({ problems }) => problems.length === 0),
      summary: liveSummary(comparisons, runs),
      runs,
    };
  } finally {
    await github.close();
  }
}

async function compare(source: LiveSource): Promise<Comparison[]> {
  const behaviours = behavioursOf(source.expected);
  const found = await observe(source, behaviours);
  const registry = source.namespace.split('/')[0] ?? '';
  return behaviours.map((behaviour) => ({
    registry,
    behaviour,
    expected: source.expected[behaviour] ?? '',
    found: found.get(behaviour) ?? '',
  }));
}
