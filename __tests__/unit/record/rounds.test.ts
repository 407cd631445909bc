import { describe, expect, it } from 'vitest';
import { type Round, inRounds } from '../../../src/record/rounds.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';

/** The number of rounds of a run, and its pauses, whose rounds have these results, the last one again and again. */
async function run(results: readonly Round[], isOver = false): Promise<{ rounds: number; pauses: number[] }> {
  const abort = new AbortController();
  if (isOver) abort.abort();
  const pauses: number[] = [];
  let rounds = 0;
  const round = async (): Promise<Round> => {
    const result = results[Math.min(rounds, results.length - 1)];
    rounds += 1;
    if (!result) throw new Error('There is no round');
    return Promise.resolve(result);
  };
  await inRounds(round, {
    sleep: async (ms) => {
      pauses.push(ms);
      // Twenty pauses are more than any test needs.
      if (pauses.length === 20) abort.abort();
      return Promise.resolve();
    },
    random: () => 1,
    lifetime: { abort: abort.signal, timeLeftMs: () => 24 * 3_600_000 },
    logger: silentLogger,
  });
  return { rounds, pauses };
}

const FAILED: Round = { isTemporary: true, hasProgress: false };
const PARTIAL: Round = { isTemporary: true, hasProgress: true };
const DONE: Round = { isTemporary: false, hasProgress: true };

describe('inRounds', () => {
  it('ends when everything is written, and when no retry helps', async () => {
    expect((await run([DONE])).rounds).toBe(1);
    expect((await run([{ isTemporary: false, hasProgress: false }])).rounds).toBe(1);
    expect(await run([FAILED, FAILED, DONE])).toEqual({ rounds: 3, pauses: [60_000, 120_000] });
  });

  it('continues while GitHub fails as a whole and time is left', async () => {
    expect((await run([FAILED])).rounds).toBe(21);
  });

  it('has six rounds once some files were written', async () => {
    expect((await run([PARTIAL, FAILED])).rounds).toBe(6);
    expect((await run([FAILED, FAILED, PARTIAL, FAILED])).rounds).toBe(8);
  });

  it('has one round in a run whose time is over', async () => {
    expect(await run([FAILED], true)).toEqual({ rounds: 1, pauses: [] });
  });
});
