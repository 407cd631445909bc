import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createLifetime } from '../../../src/action/lifetime.ts';
import { saveAtCheckpoints } from '../../../src/modes/checkpoints.ts';
import type { Sleep } from '../../../src/oci/sleep.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';

const { signal: never } = new AbortController();

/** Saves nothing, and throws after too many saves, as nothing else would end the loop. */
function countingRecorder(): {
  saves: number;
  save: () => ReturnType<Parameters<typeof saveAtCheckpoints>[0]['save']>;
} {
  return {
    saves: 0,
    async save() {
      this.saves += 1;
      if (this.saves > 10) throw new Error('saved again and again');
      return Promise.resolve({ errors: [], plans: new Set(), unrecorded: [] });
    },
  };
}

it('saveAtCheckpoints ends with a cancelled run, in which no sleep lasts', async () => {
  let cancel = (): void => undefined;
  const lifetime = createLifetime(60_000, (call) => (cancel = call));
  const sleep: Sleep = async (ms) => delay(ms, undefined, { signal: lifetime.abort });
  const recorder = countingRecorder();
  const checkpoints = saveAtCheckpoints(recorder, 10, never, { sleep, logger: silentLogger, lifetime });
  await delay(35);
  cancel();
  await checkpoints;
  expect(recorder.saves).toBeGreaterThan(0);
  expect(recorder.saves).toBeLessThan(10);
});
