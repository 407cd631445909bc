import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WorkCounter, noteMount, noteRequest } from '../../../src/oci/work-counter.ts';

/** Notes `count` requests, each in its own turn of the event loop. */
async function request(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await delay(1);
    noteRequest();
  }
}

describe('WorkCounter', () => {
  it('counts the requests of its own work only, when others run at the same time', async () => {
    const [one, other] = [new WorkCounter(), new WorkCounter()];
    await Promise.all([
      one.run(async () => request(3)),
      other.run(async () => Promise.all([request(2), request(4)])),
      request(5),
    ]);
    expect([one.requests, other.requests]).toEqual([3, 6]);
  });

  it('adds what a part of the work does', async () => {
    const whole = new WorkCounter();
    const part = await whole.run(async () => {
      noteRequest();
      const inner = new WorkCounter();
      await inner.run(async () => {
        noteMount();
        await request(2);
      });
      return inner;
    });
    expect([whole.requests, whole.mounts]).toEqual([3, 1]);
    expect([part.requests, part.mounts]).toEqual([2, 1]);
  });

  it('returns the result of the work, and counts what it did before it failed', async () => {
    const counter = new WorkCounter();
    expect(await counter.run(async () => Promise.resolve('done'))).toBe('done');
    const failing = counter.run(async () => {
      await request(1);
      throw new Error('refused');
    });
    await expect(failing).rejects.toThrow('refused');
    expect(counter.requests).toBe(1);
  });
});
