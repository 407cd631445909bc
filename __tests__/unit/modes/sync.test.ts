import { describe, expect, it } from 'vitest';
import { sync } from '../../../src/modes/sync.ts';
import { countAll } from '../../../src/mirror/result.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { inModeWorld } from '../../support/fixtures/mode-world.ts';

describe('sync', () => {
  it('copies new and moved tags, and records them with a changelog', async () => {
    await inModeWorld('sync', async (world) => {
      const [same, moved, added] = [
        await world.push('a:v1', world.source, world.target),
        await world.push('a:v2', world.source),
        await world.push('b:v1', world.source),
      ];
      world.setRecord({ a: { v1: same.digest, v2: digest(1) } });
      const result = await sync(world.inputs(), world.deps);
      expect(countAll(result.namespaces)).toMatchObject({ added: 1, updated: 1, unchanged: 1, failed: 0 });
      expect(result).toMatchObject({ mode: 'sync', dryRun: false, errors: [], stopped: [] });
      expect(world.target.store.manifest('mirror/a', 'v2')?.digest).toBe(moved.digest);
      expect(world.target.store.manifest('mirror/b', 'v1')?.digest).toBe(added.digest);
      expect(world.record()).toEqual({
        a: { v1: same.digest, v2: moved.digest },
        b: { v1: added.digest },
      });
      expect(world.deps.metadata.files.get('CHANGELOG.md')).toMatch(/- `b`: added `v1`/);
      const log = world.deps.lines.join('\n');
      expect(log).toMatch(/^✓ \S+ · 2 repositories · 3 tags · 3 requests in \d\.\d s$/m);
      expect(log).toMatch(/^\S+ · 1 tag to add · 1 tag to update · 1 unchanged · at most /m);
      expect(log).toMatch(/^↻ a:v2 → \S+\/mirror\/a · .*B in \d\.\d s$/m);
      expect(log).toMatch(/^✓ b:v1 → \S+\/mirror\/b · .*B in \d\.\d s/m);
    });
  });

  it('copies and writes nothing in a dry run, and reports the section of the changelog', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      const result = await sync(world.inputs({ 'dry-run': 'true' }), world.deps);
      expect(result.namespaces).toMatchObject([{ copied: [{ image: 'a', added: ['v1'] }] }]);
      expect(result.namespaces[0]?.section).toContain('- `a`: added `v1`');
      expect(world.target.store.has('mirror/a')).toBe(false);
      expect(Array.from(world.deps.metadata.files)).toEqual([]);
    });
  });

  it('records tags with an unknown digest that the target already has, without a copy', async () => {
    await inModeWorld('sync', async (world) => {
      const image = await world.push('a:v1', world.source, world.target);
      world.setRecord({ a: { v1: null } });
      world.target.requests.length = 0;
      const result = await sync(world.inputs(), world.deps);
      expect(result.namespaces).toMatchObject([{ adopted: 1, unchanged: 1, copied: [] }]);
      expect(world.record()).toEqual({ a: { v1: image.digest } });
      expect(world.target.requests.map(({ method }) => method)).toEqual(['HEAD']);
    });
  });

  it('reports an engine that cannot be used, and leaves all work to the next run', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      const openEngine = async (): Promise<never> => {
        await Promise.resolve();
        throw new Error('no docker daemon');
      };
      const result = await sync(world.inputs(), { ...world.deps, openEngine });
      expect(result.errors).toEqual(['no docker daemon']);
      expect(countAll(result.namespaces)).toMatchObject({ added: 0, pending: 1 });
    });
  });

  it('starts no copy after the run was cancelled, and says so', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      world.deps.lifetime.cancel();
      const result = await sync(world.inputs(), world.deps);
      expect(result.stopped).toEqual([expect.stringMatching(/^The run was cancelled/)]);
      expect(countAll(result.namespaces)).toMatchObject({ added: 0, pending: 1, failed: 0 });
      expect(world.target.store.has('mirror/a')).toBe(false);
    });
  });
});
