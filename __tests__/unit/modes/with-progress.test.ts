import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withProgress } from '../../../src/modes/with-progress.ts';
import { noteRequest } from '../../../src/oci/work-counter.ts';
import { testDeps } from '../../support/fixtures/deps.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('withProgress', () => {
  it('logs every ten seconds how many namespaces are done, until the work ends', async () => {
    const deps = testDeps();
    const result = await withProgress('listed', 3, deps, async (done) => {
      done();
      noteRequest();
      await vi.advanceTimersByTimeAsync(10_000);
      return 'result';
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(result).toBe('result');
    expect(deps.lines).toEqual([expect.stringContaining('1 of 3 namespaces listed · 1 request')]);
  });

  it('stops when the work fails', async () => {
    const deps = testDeps();
    const failed = withProgress('listed', 1, deps, async () => Promise.reject(new Error('down')));
    await expect(failed).rejects.toThrow('down');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(deps.lines).toEqual([]);
  });
});
