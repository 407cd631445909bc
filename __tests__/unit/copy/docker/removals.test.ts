import { describe, expect, it } from 'vitest';
import { Removals } from '../../../../src/copy/docker/removals.ts';

/** Removals whose commands end, and whose second of waiting passes, when the test says so. */
function start(limit = 10): {
  removals: Removals;
  commands: string[][];
  endCommand: () => void;
  passSecond: () => void;
} {
  const commands: string[][] = [];
  const ends: Array<() => void> = [];
  let sleeping: Array<() => void> = [];
  const removals = new Removals({
    limit,
    removeAll: async (references) => {
      commands.push([...references]);
      await new Promise<void>((resolve) => ends.push(resolve));
    },
    sleep: async (ms, signal) => {
      expect(ms).toBe(1000);
      await new Promise<void>((resolve, reject) => {
        sleeping.push(resolve);
        if (signal?.aborted === true) reject(new Error('woken'));
        signal?.addEventListener('abort', () => reject(new Error('woken')));
      });
    },
  });
  const passSecond = (): void => {
    for (const wake of sleeping) wake();
    sleeping = [];
  };
  return { removals, commands, endCommand: () => ends.shift()?.(), passSecond };
}

/** All that can happen without the end of a command has happened. */
const settle = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Removals', () => {
  it('removes with one command what comes within a second, and what comes while another runs', async () => {
    const { removals, commands, endCommand, passSecond } = start();
    const first = Promise.all([removals.remove(['a']), removals.remove(['b', 'a'])]);
    await settle();
    expect(commands).toEqual([]);
    passSecond();
    await settle();
    expect(commands).toEqual([['a', 'b']]);
    const others = Promise.all([removals.remove(['c', 'd']), removals.remove(['e', 'c'])]);
    passSecond();
    await settle();
    expect(commands).toEqual([['a', 'b']]);
    endCommand();
    await first;
    await settle();
    expect(commands).toEqual([
      ['a', 'b'],
      ['c', 'd', 'e'],
    ]);
    endCommand();
    await others;
    await removals.remove([]);
    expect(commands).toHaveLength(2);
  });

  it('starts at once when many references wait', async () => {
    const { removals, commands } = start(3);
    void removals.remove(['a', 'b']);
    await settle();
    expect(commands).toEqual([]);
    void removals.remove(['c']);
    await settle();
    expect(commands).toEqual([['a', 'b', 'c']]);
  });

  it('lets no more images into the daemon while too many references wait', async () => {
    const { removals, endCommand, passSecond } = start(2);
    void removals.remove(['a']);
    passSecond();
    await settle();
    void removals.remove(['b', 'c']);
    await removals.room();
    void removals.remove(['d']);
    let hasRoom = false;
    const room = removals.room().then(() => (hasRoom = true));
    endCommand();
    await settle();
    expect(hasRoom).toBe(false);
    endCommand();
    await room;
  });

  it('says when a reference may be made again, and then does not let it wait', async () => {
    const { removals, endCommand, passSecond } = start();
    void removals.remove(['a']);
    passSecond();
    await settle();
    void removals.remove(['b']);
    await removals.settled('other');
    const settled: string[] = [];
    const waiting = ['a', 'b'].map(async (one) => removals.settled(one).then(() => settled.push(one)));
    await settle();
    expect(settled).toEqual([]);
    endCommand();
    await settle();
    expect(settled).toEqual(['a']);
    endCommand();
    await Promise.all(waiting);
    await removals.settled('a');
  });

  it('ends when all is removed, and then lets nothing wait', async () => {
    const { removals, endCommand, passSecond } = start();
    await removals.end();
    void removals.remove(['a']);
    passSecond();
    await settle();
    void removals.remove(['b']);
    let hasEnded = false;
    const end = removals.end().then(() => (hasEnded = true));
    endCommand();
    await settle();
    expect(hasEnded).toBe(false);
    endCommand();
    await end;
  });

  it('removes at most 100 references with one command', async () => {
    const commands: number[] = [];
    const removals = new Removals({
      limit: 10,
      removeAll: async (references) => {
        commands.push(references.length);
        await Promise.resolve();
      },
      sleep: async () => undefined,
    });
    await removals.remove(Array.from({ length: 250 }, (_, index) => `r${index}`));
    expect(commands).toEqual([100, 100, 50]);
  });
});
