import { describe, expect, it } from 'vitest';
import { type Turn, reasonToLeave } from '../../../src/catalogue/turn.ts';
import { testLifetime } from '../../support/fixtures/deps.ts';

const turn = (more: Partial<Turn> = {}): string | undefined =>
  reasonToLeave({ mode: 'sync', recordWay: 'direct', shards: 1, jobs: 1, lifetime: testLifetime(), ...more });
const ended = (timeLeft: number, stopReason: 'cancelled' | 'time limit'): Turn['lifetime'] => ({
  abort: AbortSignal.abort(),
  stopReason: () => stopReason,
  timeLeftMs: () => timeLeft,
});

describe('reasonToLeave', () => {
  it('is none for a job of its own', () => {
    expect(turn()).toBeUndefined();
    expect(turn({ mode: 'record', jobs: 5, recordWay: 'report' })).toBeUndefined();
  });

  it.each([{ jobs: 2 }, { shards: 2 }, { recordWay: 'report' as const }])('is another job for %j', (more) => {
    expect(turn(more)).toMatch(/one of several jobs/);
  });

  it('is the end of the run, unless there is time left', () => {
    expect(turn({ lifetime: ended(300_000, 'cancelled') })).toMatch(/no time left/);
    expect(turn({ lifetime: ended(10_000, 'time limit') })).toMatch(/no time left/);
    expect(turn({ lifetime: ended(300_000, 'time limit') })).toBeUndefined();
  });
});
