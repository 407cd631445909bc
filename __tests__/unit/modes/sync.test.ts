import { describe, expect, it } from 'vitest';
import { MetadataError } from '../../../src/github/errors.ts';
import { sync } from '../../../src/modes/sync.ts';
import { countAll } from '../../../src/mirror/result.ts';
import { dayOf } from '../../../src/select/recheck.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { makeImage, makeIndex, pushImage } from '../../support/fixtures/images.ts';
import { NOW } from '../../support/fixtures/inputs.ts';
import { inModeWorld } from '../../support/fixtures/mode-world.ts';
import { gaveUp } from '../../support/github/memory-metadata.ts';

const TODAY = dayOf(new Date(NOW));

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

  it.each([
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64', 'linux/arm64/v8'],
  ])('keeps the image for %s of an index that names it %s', async (wanted, named) => {
    await inModeWorld('sync', async (world) => {
      const amd64 = makeImage({ seed: 'amd64' });
      const arm64 = makeImage({ seed: 'arm64', platform: named });
      const other = makeImage({ seed: 'other', platform: 'linux/ppc64le' });
      await pushImage(world.source.url, 'ns/a', ['v1'], makeIndex([amd64, arm64, other]));
      const platforms = `linux/amd64, ${wanted}, linux/s390x`;
      const result = await sync(world.inputs({ platforms }), world.deps);
      expect(countAll(result.namespaces)).toMatchObject({ added: 1, failed: 0 });
      expect(world.target.store.manifest('mirror/a', arm64.digest)).toBeDefined();
      expect(world.target.store.manifest('mirror/a', other.digest)).toBeUndefined();
      expect(world.record()).toMatchObject({
        a: { v1: { platforms: ['linux/amd64', 'linux/arm64', 'linux/s390x'] } },
      });
      expect(result.warnings).toEqual([expect.stringMatching(/has the platform linux\/s390x/)]);
    });
  });

  it('copies an index again whose record may miss a platform', async () => {
    await inModeWorld('sync', async (world) => {
      const [amd64, arm64] = [
        makeImage({ seed: 'amd64' }),
        makeImage({ seed: 'arm64', platform: 'linux/arm64' }),
      ];
      const index = makeIndex([amd64, arm64]);
      await pushImage(world.source.url, 'ns/a', ['v1'], index);
      const entry = { digest: index.digest, target: digest(1), platforms: ['linux/arm64/v8'] };
      world.setRecord({ a: { v1: entry } });
      await sync(world.inputs({ platforms: 'linux/arm64/v8' }), world.deps);
      expect(world.target.store.manifest('mirror/a', arm64.digest)).toBeDefined();
    });
  });

  it('copies nothing when the metadata repository can not be written', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      world.setRecord({});
      const check = async (): Promise<never> => {
        throw new MetadataError('octo/meta is archived');
      };
      const deps = { ...world.deps, writeAccess: { check } };
      await expect(sync(world.inputs(), deps)).rejects.toThrow('octo/meta is archived');
      expect(world.target.store.has('mirror/a')).toBe(false);
    });
  });

  it('copies images again that are not under their name after target-name changed, and keeps both recorded', async () => {
    await inModeWorld('sync', async (world) => {
      const image = await world.push('a:v1', world.source);
      await sync(world.inputs(), world.deps);
      const renamed = world.inputs({ 'target-name': 'x/{image}' });
      const result = await sync(renamed, world.deps);
      expect(countAll(result.namespaces)).toMatchObject({ added: 1, unchanged: 0 });
      expect(world.target.store.manifest('mirror/x/a', 'v1')?.digest).toBe(image.digest);
      const again = await sync(renamed, world.deps);
      expect(countAll(again.namespaces)).toMatchObject({ added: 0, unchanged: 1 });
      const back = await sync(world.inputs(), world.deps);
      expect(countAll(back.namespaces)).toMatchObject({ added: 0, unchanged: 1, gone: 1 });
      expect(world.record()).toEqual({ a: { v1: image.digest }, 'a as x/a': { v1: image.digest } });
    });
  });

  it('names in the changelog what an earlier run recorded and could not name', async () => {
    await inModeWorld('sync', async (world) => {
      const image = await world.push('a:v1', world.source, world.target);
      world.setRecord({ a: { v1: image.digest } });
      const { files } = world.deps.metadata;
      const text = files.get(world.recordPath) ?? '';
      files.set(world.recordPath, text.replace(/\}\n$/, ',"unlogged":{"a":{"added":["v1"]}}}\n'));
      await sync(world.inputs(), world.deps);
      expect(files.get('CHANGELOG.md')).toMatch(/Recorded by earlier runs.*\n\n- `a`: added `v1`/);
      expect(files.get(world.recordPath)).not.toContain('unlogged');
      world.deps.metadata.messages.length = 0;
      await sync(world.inputs(), world.deps);
      expect(world.deps.metadata.messages).toEqual([]);
    });
  });

  it('copies a tag later whose announcement GitHub refused for a moment', async () => {
    await inModeWorld('sync', async (world) => {
      const image = await world.push('a:v1', world.source);
      world.setRecord({ a: { v1: digest(1) } });
      const { metadata } = world.deps;
      let refusals = 1;
      metadata.writeRefusal = () => (refusals-- > 0 ? gaveUp('GitHub answered 503') : undefined);
      let minutes = 0;
      const now = (): Date => new Date(NOW + 60_000 * minutes++);
      const result = await sync(world.inputs(), { ...world.deps, now });
      expect(result.errors).toEqual([]);
      expect(countAll(result.namespaces)).toMatchObject({ updated: 1, failed: 0, pending: 0 });
      expect(world.record()).toEqual({ a: { v1: image.digest } });
    });
  });

  it('leaves tags pending whose announcement GitHub keeps refusing, and writes none of them', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      world.setRecord({ a: { v1: digest(1) } });
      world.deps.metadata.writeRefusal = () => gaveUp('GitHub answered 503');
      const result = await sync(world.inputs(), world.deps);
      expect(countAll(result.namespaces)).toMatchObject({ updated: 0, failed: 0, pending: 1 });
      expect(world.target.store.manifest('mirror/a', 'v1')).toBeUndefined();
    });
  });

  it.each([
    ['a run that ends', {}, 'none', 'ends', [TODAY]],
    ['a run some days after the last one', {}, TODAY - 7, 'ends', [TODAY]],
    ['another run of the day', {}, TODAY, 'ends', []],
    ['a run whose days are not kept', {}, 'unknown', 'ends', []],
    ['a dry run', { 'dry-run': 'true' }, 'none', 'ends', []],
    ['a run that is cancelled', {}, 'none', 'cancelled', []],
    ['a run whose engine fails', {}, 'none', 'no engine', []],
    ['a run that rechecks all tags', { recheck: '1' }, 'none', 'ends', []],
  ] as const)(
    'keeps the day of a run that rechecked tags to its end: %s',
    async (_, given, last, end, kept) => {
      await inModeWorld('sync', async (world) => {
        await world.push('a:v1', world.source);
        const days: number[] = [];
        const save = async (day: number): Promise<void> => Promise.resolve(void days.push(day));
        const recheckDays = { key: '0123456789abcdef', load: async () => Promise.resolve(last), save };
        if (end === 'cancelled') world.deps.lifetime.cancel();
        const openEngine = async (): Promise<never> => Promise.reject(new Error('no docker daemon'));
        const deps = { ...world.deps, recheckDays, ...(end === 'no engine' && { openEngine }) };
        // Referrers are looked up in turn too.
        await sync(world.inputs({ referrers: 'true', ...given }), deps);
        expect(days).toEqual(kept);
      });
    },
  );

  it('does not look for the last run where the source lists all digests', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      const refuse = async (): Promise<never> => Promise.reject(new Error('not needed'));
      const recheckDays = { key: '0123456789abcdef', load: refuse, save: refuse };
      const result = await sync(world.inputs(), { ...world.deps, recheckDays });
      expect(countAll(result.namespaces)).toMatchObject({ added: 1, failed: 0 });
    });
  });
});
