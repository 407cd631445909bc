import { describe, expect, it } from 'vitest';
import { plan } from '../../../src/modes/plan.ts';
import { CompiledFilters } from '../../../src/select/compiled-filters.ts';
import { dayOf } from '../../../src/select/recheck.ts';
import { makeImage, pushImage } from '../../support/fixtures/images.ts';
import { NOW } from '../../support/fixtures/inputs.ts';
import { inModeWorld } from '../../support/fixtures/mode-world.ts';

describe('plan', () => {
  it('makes a matrix of the work, and neither copies nor writes', async () => {
    await inModeWorld('plan', async (world) => {
      await world.push('a:v1', world.source);
      await world.push('b:v1', world.source);
      const done = await world.push('c:v1', world.source);
      world.setRecord({ c: { v1: done.digest } });
      const result = await plan(world.inputs({ 'max-shards': '2', 'job-time': '1ms' }), world.deps);
      expect(result).toMatchObject({ mode: 'plan', dryRun: true, namespaces: [{ unchanged: 1 }] });
      expect(result.matrix?.include).toMatchObject([
        { namespace: `${world.source.host}/ns`, images: 'a', part: '1/2', tags: 1 },
        { namespace: `${world.source.host}/ns`, images: 'b', part: '2/2', tags: 1 },
      ]);
      expect(world.target.requests).toEqual([]);
      expect(world.deps.metadata.messages).toEqual([]);
      expect(world.deps.lines).toContain('The matrix has 2 jobs.');
    });
  });

  it('has one job for what one job copies in the wanted time', async () => {
    await inModeWorld('plan', async (world) => {
      for (const name of ['a:v1', 'b:v1', 'c:v1']) await world.push(name, world.source);
      const result = await plan(world.inputs(), world.deps);
      expect(result.matrix?.include).toMatchObject([{ part: '1/1', tags: 3 }]);
    });
  });

  it('has no job for a namespace that could not be listed, and reports it', async () => {
    await inModeWorld('plan', async (world) => {
      const result = await plan(world.inputs(), world.deps);
      expect(result.matrix).toEqual({ include: [] });
      expect(result.namespaces).toMatchObject([{ failures: [{ image: '' }] }]);
    });
  });

  it('hands over the days whose tags are rechecked, and does not keep its day itself', async () => {
    await inModeWorld('plan', async (world) => {
      await world.push('a:v1', world.source);
      const save = async (): Promise<never> => Promise.reject(new Error('not its task'));
      const recheckDays = { key: '0123456789abcdef', load: async () => Promise.resolve(20_410), save };
      const result = await plan(world.inputs({ referrers: 'true' }), { ...world.deps, recheckDays });
      expect(result.matrix?.include).toMatchObject([
        { 'recheck-day': dayOf(new Date(NOW)), 'recheck-last': 20_410, 'recheck-key': '0123456789abcdef' },
      ]);
    });
  });

  it('hands no job an image whose name clashes with that of another namespace', async () => {
    await inModeWorld('plan', async (world) => {
      const { host, url } = world.source;
      for (const name of ['one/app', 'one/a', 'two/app', 'two/b', 'three/c'])
        await pushImage(url, name, ['v1'], makeImage({ seed: name }));
      const namespaces = ['one', 'two', 'three'].map((path) => `${host}/${path}`).join('\n');
      const result = await plan(
        world.inputs({ namespaces, 'max-shards': '2', 'job-time': '1ms' }),
        world.deps,
      );
      expect(result.namespaces.flatMap(({ failures }) => failures.map(({ image }) => image))).toEqual([
        'app',
        'app',
      ]);
      const entries = result.matrix?.include ?? [];
      expect(entries).toHaveLength(2);
      const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
      const wantsApp = entries
        .filter(({ namespace }) => /one|two/.test(namespace))
        .map(({ images, exclude }) =>
          new CompiledFilters({ include: [lines(images)], exclude: lines(exclude) }).wantsName('app', 'v1'),
        );
      expect(wantsApp).toEqual([false, false]);
      expect(entries.reduce((sum, { tags }) => sum + tags, 0)).toBe(3);
    });
  });
});
