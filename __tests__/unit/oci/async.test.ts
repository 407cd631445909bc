import { describe, expect, it } from 'vitest';
import { SerialQueue, SingleFlight, allOrThrow, bothOrThrow, mapLimited } from '../../../src/oci/async.ts';

describe('allOrThrow', () => {
  it('returns the results in order', async () => {
    expect(await allOrThrow([Promise.resolve(1), Promise.resolve(2)])).toEqual([1, 2]);
  });

  it('throws the first failure when all promises have ended', async () => {
    const slow = Promise.withResolvers<number>();
    const waiting = allOrThrow([Promise.reject(new Error('first')), slow.promise]);
    let ended = false;
    const outcome = waiting.catch((error: unknown) => {
      ended = true;
      return error;
    });
    await Promise.resolve();
    expect(ended).toBe(false);
    slow.resolve(1);
    expect(await outcome).toEqual(new Error('first'));
  });
});

describe('bothOrThrow', () => {
  it('returns both results, and none for what is not done', async () => {
    expect(await bothOrThrow(Promise.resolve(1), Promise.resolve('a'))).toEqual([1, 'a']);
    expect(await bothOrThrow(Promise.resolve(1), undefined)).toEqual([1, undefined]);
  });

  it('throws a failure when both have ended', async () => {
    const slow = Promise.withResolvers<number>();
    let isSlowDone = false;
    const failing = bothOrThrow(
      Promise.reject(new Error('first')),
      slow.promise.then(() => (isSlowDone = true)),
    );
    slow.resolve(1);
    await expect(failing).rejects.toThrow('first');
    expect(isSlowDone).toBe(true);
  });
});

describe('mapLimited', () => {
  it('calls for all items, so many at a time', async () => {
    let [running, most] = [0, 0];
    const results = mapLimited([1, 2, 3, 4, 5], 2, async (item) => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return item * 10;
    });
    expect(await Promise.all(results)).toEqual([10, 20, 30, 40, 50]);
    expect(most).toBe(2);
    expect(mapLimited([], 2, async () => Promise.resolve())).toEqual([]);
  });
});

describe('SerialQueue', () => {
  it('runs tasks of one key one after another, even after a failed one', async () => {
    const queue = new SerialQueue();
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    const one = queue.run('a', async () => {
      await first.promise;
      order.push('one');
      throw new Error('one failed');
    });
    const two = queue.run('a', async () => order.push('two'));
    await queue.run('b', async () => order.push('other key'));
    first.resolve();
    await expect(one).rejects.toThrow('one failed');
    await two;
    expect(order).toEqual(['other key', 'one', 'two']);
  });
});

describe('SingleFlight', () => {
  it('shares a pending promise by key, and starts a new task once it has ended', async () => {
    const flights = new SingleFlight<number>();
    let started = 0;
    const task = async (): Promise<number> => (started += 1);
    expect(
      await Promise.all([flights.run('a', task), flights.run('a', task), flights.run('b', task)]),
    ).toEqual([1, 1, 2]);
    expect(await flights.run('a', task)).toBe(3);
  });

  it('shares a failure, and forgets it', async () => {
    const flights = new SingleFlight<number>();
    const failing = async (): Promise<number> => {
      await Promise.resolve();
      throw new Error('down');
    };
    const both = await Promise.allSettled([flights.run('a', failing), flights.run('a', failing)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await flights.run('a', async () => 1)).toBe(1);
  });
});
