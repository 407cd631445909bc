import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { endsInTime } from '../../../src/modes/ends-in-time.ts';

const never = new Promise<void>(() => undefined);

describe('endsInTime', () => {
  it('waits for work however long it takes while the run goes on', async () => {
    const lifetime = { abort: new AbortController().signal, timeLeftMs: () => 30 };
    expect(await endsInTime(delay(100), lifetime)).toBe(true);
    await expect(endsInTime(Promise.reject(new Error('broken')), lifetime)).rejects.toThrow('broken');
  });

  it.each([
    ['before', AbortSignal.abort()],
    ['meanwhile', AbortSignal.timeout(20)],
  ])('leaves work behind that does not end though the run was aborted %s', async (_, abort) => {
    const lifetime = { abort, timeLeftMs: () => 150 };
    expect(await endsInTime(delay(20), lifetime)).toBe(true);
    const started = performance.now();
    expect(await endsInTime(never, lifetime)).toBe(false);
    expect(performance.now() - started).toBeGreaterThan(45);
  });
});
