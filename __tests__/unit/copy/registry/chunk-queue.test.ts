import { describe, expect, it } from 'vitest';
import { ChunkQueue } from '../../../../src/copy/registry/chunk-queue.ts';

const chunk = new Uint8Array(1024 ** 2);

describe('ChunkQueue', () => {
  it('yields what is pushed, and returns how it ended', async () => {
    let changes = 0;
    const queue = new ChunkQueue(() => (changes += 1));
    const read = queue.read();
    const first = read.next();
    expect([queue.isHungry, changes]).toEqual([true, 1]);
    queue.push(chunk);
    expect(await first).toEqual({ done: false, value: chunk });
    expect(queue.isHungry).toBe(false);
    queue.push(chunk);
    queue.end('detached');
    queue.end();
    expect([await read.next(), await read.next()]).toEqual([
      { done: false, value: chunk },
      { done: true, value: 'detached' },
    ]);
  });

  it('fails after what was pushed before', async () => {
    const queue = new ChunkQueue(() => {});
    queue.push(chunk);
    queue.fail(new Error('broken'));
    const read = queue.read();
    expect(await read.next()).toEqual({ done: false, value: chunk });
    await expect(read.next()).rejects.toThrow('broken');
  });

  it('is full until its reader has caught up', async () => {
    let changes = 0;
    const queue = new ChunkQueue(() => (changes += 1));
    for (let size = 1; size <= 3; size += 1) queue.push(chunk);
    expect(queue.isFull).toBe(true);
    const read = queue.read();
    await read.next();
    expect([queue.isFull, changes]).toEqual([true, 0]);
    await read.next();
    expect([queue.isFull, changes]).toEqual([false, 1]);
  });
});
