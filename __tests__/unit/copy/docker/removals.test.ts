import { describe, expect, it } from 'vitest';
import { Removals } from '../../../../src/copy/docker/removals.ts';

/** Removals whose commands end when the test says so. */
function start(limit = 10): { removals: Removals; commands: string[][]; endCommand: () => void } {
  const commands: string[][] = [];
  const ends: Array<() => void> = [];
  const removals = new Removals(limit, async (references) => {
    commands.push([...references]);
    await new Promise<void>((resolve) => ends.push(resolve));
  });
  return { removals, commands, endCommand: () => ends.shift()?.() };
}

/** All that can happen without the end of a command has happened. */
const settle = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Removals', () => {
  it('starts at once, and removes with one command what comes while another runs', async () => {
    const { removals, commands, endCommand } = start();
    const first = removals.remove(['a']);
    await settle();
    const others = Promise.all([removals.remove(['b', 'c']), removals.remove(['d', 'b'])]);
    await settle();
    expect(commands).toEqual([['a']]);
    endCommand();
    await first;
    await settle();
    expect(commands).toEqual([['a'], ['b', 'c', 'd']]);
    endCommand();
    await others;
    await removals.remove([]);
    expect(commands).toHaveLength(2);
  });

  it('lets no more images into the daemon while too many references wait', async () => {
    const { removals, endCommand } = start(2);
    void removals.remove(['a']);
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

  it('says when a reference may be made again', async () => {
    const { removals, endCommand } = start();
    void removals.remove(['a']);
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

  it('ends when all is removed', async () => {
    const { removals, endCommand } = start();
    await removals.end();
    void removals.remove(['a']);
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
    const removals = new Removals(10, async (references) => {
      commands.push(references.length);
      await Promise.resolve();
    });
    await removals.remove(Array.from({ length: 250 }, (_, index) => `r${index}`));
    expect(commands).toEqual([100, 100, 50]);
  });
});
