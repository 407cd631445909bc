import { describe, expect, it } from 'vitest';
import { PulledImages } from '../../../../src/copy/docker/pulled-images.ts';

/** Images, and what was done with them. */
function start(): {
  log: string[];
  copy: (name: string, options?: { until?: Promise<void>; pull?: () => Promise<void> }) => Promise<string>;
} {
  const log: string[] = [];
  const images = new PulledImages();
  return {
    log,
    copy: async (name, { until, pull = async () => {} } = {}) =>
      images.use('img', {
        pull: async () => {
          log.push(`pull for ${name}`);
          await pull();
        },
        use: async () => {
          log.push(`push ${name}`);
          await until;
          return name;
        },
        remove: async (isLast) => {
          log.push(`remove ${name}${isLast ? ' and image' : ''}`);
          await nextTurn();
          if (isLast) log.push('removed');
        },
      }),
  };
}

const nextTurn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Resolves once images have been removed `times`. */
async function removed(log: readonly string[], times = 1): Promise<void> {
  while (log.filter((line) => line === 'removed').length < times) await nextTurn();
}

describe('PulledImages', () => {
  it('pulls once for copies at the same time, and removes the image after the last', async () => {
    const { log, copy } = start();
    const until = Promise.withResolvers<void>();
    const slow = copy('a', { until: until.promise });
    expect(await copy('b')).toBe('b');
    until.resolve();
    expect(await slow).toBe('a');
    await removed(log);
    expect(log).toEqual(['pull for a', 'push a', 'push b', 'remove b', 'remove a and image', 'removed']);
  });

  it('pulls again what is being removed, after that', async () => {
    const { log, copy } = start();
    await copy('a');
    expect(log).not.toContain('removed');
    await copy('b');
    await removed(log, 2);
    expect(log.slice(2)).toEqual([
      'remove a and image',
      'removed',
      'pull for b',
      'push b',
      'remove b and image',
      'removed',
    ]);
  });

  it('fails for all when the pull fails, and removes what it may have left', async () => {
    const { log, copy } = start();
    const pull = async (): Promise<void> => {
      throw new Error('no space left on device');
    };
    const copies = [copy('a', { pull }), copy('b', { pull })];
    for (const one of copies) await expect(one).rejects.toThrow('no space left');
    await removed(log);
    expect(log).toEqual(['pull for a', 'remove a', 'remove b and image', 'removed']);
    expect(await copy('c')).toBe('c');
  });
});
