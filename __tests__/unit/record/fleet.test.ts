import { afterAll, describe, expect, it } from 'vitest';
import { type Fleet, type FleetResult, runFleet } from '../../support/github/virtual-jobs.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Printed with FLEET_TABLE=1. */
const rows: object[] = [];

async function run(fleet: Omit<Fleet, 'seed' | 'checkpointMs'>): Promise<FleetResult> {
  const result = await runFleet({ ...fleet, checkpointMs: 10 * MINUTE_MS, seed: fleet.jobs });
  const { jobs, way = 'direct', copyMs, namespaces = 1 } = fleet;
  rows.push({ way, jobs, namespaces, copyMinutes: copyMs / MINUTE_MS, ...result });
  return result;
}

afterAll(() => {
  if (process.env['FLEET_TABLE'] !== undefined) console.table(rows);
});

describe('jobs that record directly, in virtual time with the limits of GitHub', { timeout: 60_000 }, () => {
  it.each([20, 40, 64, 80, 128, 256])(
    '%d jobs that end together after 5 minutes record all',
    async (jobs) => {
      expect(await run({ jobs, copyMs: 5 * MINUTE_MS })).toMatchObject({ complete: jobs, recorded: 1 });
    },
  );

  it.each([20, 40, 64, 80, 128, 256])('%d first mirrors of two hours record all', async (jobs) => {
    expect(await run({ jobs, copyMs: 2 * HOUR_MS })).toMatchObject({ complete: jobs, recorded: 1 });
  });

  it('one job with 120 namespaces records all', async () => {
    const result = await run({ jobs: 1, namespaces: 120, copyMs: 2 * HOUR_MS });
    expect(result).toMatchObject({ complete: 1, recorded: 1, limited: 0 });
  });
});

describe('jobs that reach their time limit of six hours', { timeout: 60_000 }, () => {
  // 12 images in 350 minutes: the last one is copied right before the end.
  const copyMs = 350 * MINUTE_MS;

  it.each([20, 40])('%d jobs record all directly', async (jobs) => {
    expect(await run({ jobs, copyMs })).toMatchObject({ complete: jobs, recorded: 1 });
  });

  it('256 jobs keep what their checkpoints recorded', async () => {
    // Five minutes are too short for 512 writes; what is missing is found at the target by the next run.
    const { recorded } = await run({ jobs: 256, copyMs });
    expect(recorded).toBeGreaterThan(0.8);
  });

  it.each([64, 256])('%d jobs record all in one last job that reads their reports', async (jobs) => {
    const result = await run({ jobs, copyMs, way: 'report' });
    expect(result).toMatchObject({ complete: jobs, recorded: 1, conflicts: 0, limited: 0 });
  });
});
