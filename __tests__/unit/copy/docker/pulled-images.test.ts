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
        remove: (isLast) => log.push(`remove ${name}${isLast ? ' and image' : ''}`),
      }),
  };
}

describe('PulledImages', () => {
  it('pulls once for copies at the same time, and removes the image after the last', async () => {
    const { log, copy } = start();
    const until = Promise.withResolvers<void>();
    const slow = copy('a', { until: until.promise });
    expect(await copy('b')).toBe('b');
    until.resolve();
    expect(await slow).toBe('a');
    expect(log).toEqual(['pull for a', 'push a', 'push b', 'remove b', 'remove a and image']);
  });

  it('pulls again what was left to its removal', async () => {
    const { log, copy } = start();
    await copy('a');
    await copy('b');
    expect(log.slice(2)).toEqual(['remove a and image', 'pull for b', 'push b', 'remove b and image']);
  });

  it('fails for all when the pull fails, and removes what it may have left', async () => {
    const { log, copy } = start();
    const pull = async (): Promise<void> => {
      throw new Error('no space left on device');
    };
    const copies = [copy('a', { pull }), copy('b', { pull })];
    for (const one of copies) await expect(one).rejects.toThrow('no space left');
    expect(log).toEqual(['pull for a', 'remove a', 'remove b and image']);
    expect(await copy('c')).toBe('c');
  });
});
