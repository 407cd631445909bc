import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createLifetime } from '../../../src/action/lifetime.ts';
import type { Sleep } from '../../../src/oci/sleep.ts';
import { saveAtCheckpoints } from '../../../src/record/checkpoints.ts';
import type { Saved } from '../../../src/record/recorder.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';

const { signal: never } = new AbortController();
const MINUTE_MS = 60_000;

/** Saves nothing, and throws after too many saves, as nothing else would end the loop. */
function countingRecorder(files = 0): { saves: number; save: () => Promise<Saved> } {
  return {
    saves: 0,
    async save() {
      this.saves += 1;
      if (this.saves > 10) throw new Error('saved again and again');
      return Promise.resolve({ errors: [], files });
    },
  };
}

describe('saveAtCheckpoints', () => {
  it('ends with a cancelled run, in which no sleep lasts', async () => {
    let cancel = (): void => undefined;
    const lifetime = createLifetime(60_000, (call) => (cancel = call));
    const sleep: Sleep = async (ms) => delay(ms, undefined, { signal: lifetime.abort });
    const recorder = countingRecorder();
    const deps = { sleep, logger: silentLogger, lifetime, jobs: 1, random: () => 0 };
    const checkpoints = saveAtCheckpoints(recorder, { interval: 10, namespaces: 1, end: never }, deps);
    await delay(35);
    cancel();
    await checkpoints;
    expect(recorder.saves).toBeGreaterThan(0);
    expect(recorder.saves).toBeLessThan(10);
  });

  /** The minutes that four checkpoints sleep before they save. */
  async function sleepsOf(jobs: number, files: number): Promise<number[]> {
    const sleeps: number[] = [];
    const end = new AbortController();
    const sleep: Sleep = async (ms) => {
      sleeps.push(ms / MINUTE_MS);
      if (sleeps.length === 4) end.abort();
      return Promise.resolve();
    };
    const lifetime = { abort: never, timeLeftMs: () => 60 * MINUTE_MS };
    const deps = { sleep, logger: silentLogger, lifetime, jobs, random: () => 0.5 };
    const options = { interval: 10 * MINUTE_MS, namespaces: files, end: end.signal };
    await saveAtCheckpoints(countingRecorder(files), options, deps);
    return sleeps;
  }

  it('keeps the interval of the input for one job', async () => {
    expect(await sleepsOf(1, 1)).toEqual([10, 10, 10, 10]);
  });

  it('spreads jobs that start together over the interval', async () => {
    expect(await sleepsOf(20, 1)).toEqual([5, 10, 10, 10]);
  });

  it('stretches the interval with the number of jobs', async () => {
    expect((await sleepsOf(200, 1))[1]).toBe(60);
  });

  it('stretches the interval with the number of files', async () => {
    expect((await sleepsOf(1, 120))[1]).toBe(36);
  });
});
