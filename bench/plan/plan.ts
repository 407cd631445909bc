/**
 * Measures the time and memory of planning: first the planner alone, in its own process, with real and made-up tags, then a
 * complete plan job of the action with the real tags.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import * as v from 'valibot';
import { type PlanCase, REAL_WORK, madeUpCases, realCases, writeCase } from './cases.ts';
import { benchPlanJob } from './job.ts';

const RUNS = 5;

const Measured = v.object({
  ms: v.number(),
  megabytes: v.number(),
  tags: v.number(),
  total: v.number(),
  jobs: v.number(),
});
type Measured = v.InferOutput<typeof Measured>;

/** Runs the measurements and prints them. */
export async function benchPlan(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-plan-'));
  try {
    // Bundled, as the action is. Otherwise the time to read TypeScript would be included.
    const planner = join(folder, 'planner.mjs');
    const input = fileURLToPath(new URL('planner.ts', import.meta.url));
    await build({ input, platform: 'node', logLevel: 'warn', output: { file: planner, format: 'esm' } });
    const real = realCases();
    const median = measure(planner, folder, real, RUNS);
    if (median.tags !== REAL_WORK) throw new Error(`${median.tags} tags were planned, not ${REAL_WORK}`);
    print('real tags', median);
    for (const count of [10_000, 100_000, 1_000_000])
      print('made-up tags', measure(planner, folder, madeUpCases(count), 1));
    await benchPlanJob(real);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The median run. */
function measure(planner: string, folder: string, cases: readonly PlanCase[], runs: number): Measured {
  const at = join(folder, 'cases');
  try {
    for (const [index, one] of cases.entries()) writeCase(join(at, String(index)), one);
    const measured = Array.from({ length: runs }, () => {
      const { stdout, stderr, status } = spawnSync(process.execPath, [planner, at], { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      return v.parse(Measured, JSON.parse(stdout));
    }).toSorted((a, b) => a.ms - b.ms);
    const median = measured[Math.floor(runs / 2)];
    if (!median) throw new Error('No run was measured');
    return median;
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
}

function print(what: string, { ms, megabytes, tags, total, jobs }: Measured): void {
  console.log(
    `planner: ${total.toLocaleString('en')} ${what}, ${tags.toLocaleString('en')} to copy in ${jobs} jobs, ` +
      `${ms.toFixed(0)} ms, peak memory ${megabytes.toFixed(0)} MB including Node itself`,
  );
}
