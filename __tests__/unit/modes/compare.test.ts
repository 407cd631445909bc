import { describe, expect, it } from 'vitest';
import { compare } from '../../../src/modes/compare.ts';
import { sync } from '../../../src/modes/sync.ts';
import { countEntries } from '../../../src/mirror/record-entry.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { recorded } from '../../support/fixtures/listings.ts';
import { inModeWorld } from '../../support/fixtures/mode-world.ts';

describe('compare', () => {
  it('reports missing and changed tags, removes them from the record, and records what is present', async () => {
    await inModeWorld('compare', async (world) => {
      const [good, changed, unrecorded] = [
        await world.push('a:good', world.source, world.target),
        await world.push('a:changed', world.source, world.target),
        await world.push('a:unrecorded', world.source, world.target),
      ];
      await world.push('a:missing', world.source);
      world.setRecord({ a: { good: good.digest, changed: digest(1), missing: digest(2) } });
      const result = await compare(world.inputs(), world.deps);
      expect(result.namespaces).toMatchObject([
        {
          drift: {
            missing: [{ image: 'a', tags: ['missing'] }],
            changed: [{ image: 'a', tags: ['changed'] }],
            removed: 2,
          },
          adopted: 2,
          unchanged: 3,
          pending: 1,
          failures: [],
        },
      ]);
      expect(world.record()).toEqual({
        a: { changed: changed.digest, good: good.digest, unrecorded: unrecorded.digest },
      });
      expect(world.deps.phases).toContain('Audit the target');
    });
  });

  it('writes nothing in a dry run', async () => {
    await inModeWorld('compare', async (world) => {
      await world.push('a:v1', world.source);
      const good = await world.push('a:good', world.source, world.target);
      world.setRecord({ a: { good: good.digest, v1: digest(1) } });
      const result = await compare(world.inputs({ 'dry-run': 'true' }), world.deps);
      expect(result.namespaces).toMatchObject([{ drift: { removed: 1 } }]);
      expect(world.record()).toEqual({ a: { good: good.digest, v1: digest(1) } });
    });
  });

  it.each([1, 11])('keeps a record of %d tags when the target has none of them', async (count) => {
    await inModeWorld('compare', async (world) => {
      await world.push('a:v1', world.source);
      const tags = Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`v${index}`, digest(index)]),
      );
      world.setRecord({ a: tags });
      const result = await compare(world.inputs(), world.deps);
      expect(countEntries(recorded(world.record()))).toBe(count);
      expect(result.namespaces).toMatchObject([
        { drift: { removed: 0 }, failures: [{ image: '', tags: [] }] },
      ]);
      expect(result.namespaces[0]?.failures[0]?.reason).toContain('check "target" and its credentials');
    });
  });

  it('reports an image that lacks blobs, and the next sync repairs it', async () => {
    await inModeWorld('compare', async (world) => {
      const [whole, hollow, unrecorded] = [
        await world.push('a:whole', world.source, world.target),
        await world.push('a:hollow', world.source, world.target),
        await world.push('a:unrecorded', world.source, world.target),
      ];
      world.setRecord({ a: { whole: whole.digest, hollow: hollow.digest } });
      for (const image of [hollow, unrecorded])
        world.target.store.deleteBlob('mirror/a', Array.from(image.blobs.keys()).at(-1) ?? '');
      const result = await compare(world.inputs(), world.deps);
      expect(result.namespaces).toMatchObject([
        {
          unchanged: 1,
          pending: 2,
          adopted: 0,
          drift: { hollow: [{ image: 'a', tags: ['hollow', 'unrecorded'] }], missing: [], removed: 1 },
        },
      ]);
      expect(world.record()).toEqual({ a: { whole: whole.digest } });
      await sync(world.inputs({ mode: 'sync' }), world.deps);
      for (const image of [hollow, unrecorded])
        for (const digest of image.blobs.keys())
          expect(world.target.store.blob('mirror/a', digest)).toBeDefined();
      const again = await compare(world.inputs(), world.deps);
      expect(again.namespaces).toMatchObject([{ unchanged: 3, pending: 0, drift: { hollow: [] } }]);
    });
  });

  it('looks up no blobs when compare-content is false', async () => {
    await inModeWorld('compare', async (world) => {
      const image = await world.push('a:v1', world.source, world.target);
      world.setRecord({ a: { v1: image.digest } });
      world.target.requests.length = 0;
      await compare(world.inputs({ 'compare-content': 'false' }), world.deps);
      expect(world.target.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
        'HEAD /v2/mirror/a/manifests/v1',
      ]);
    });
  });

  it.each(['recorded', 'undigested'])(
    'removes nothing when it is cancelled, and counts %s tags that it did not judge as pending',
    async (kind) => {
      await inModeWorld('compare', async (world) => {
        const tags = Array.from({ length: 120 }, (_, index) => `v${index}`);
        const images = new Map(
          await Promise.all(
            tags.map(async (tag) => [tag, await world.push(`a:${tag}`, world.source, world.target)] as const),
          ),
        );
        const entries = Object.fromEntries(
          Array.from(images, ([tag, image]) => [tag, kind === 'recorded' ? image.digest : null]),
        );
        world.setRecord({ a: entries });
        world.target.store.deleteTag('mirror/a', 'v0');
        let answers = 0;
        world.target.intercept = async (_, response) => {
          answers += 1;
          if (answers === 60) world.deps.lifetime.cancel();
          if (answers < 60) return false;
          response.destroy();
          return true;
        };
        const result = await compare(world.inputs(), world.deps);
        expect(Object.keys(world.record()['a'] ?? {})).toHaveLength(120);
        expect(result.namespaces).toMatchObject([{ drift: { removed: 0 } }]);
        expect(result.stopped).toEqual([expect.stringMatching(/^The run was cancelled/)]);
        const { pending = 0, unchanged = 0 } = result.namespaces[0] ?? {};
        expect(pending).toBeGreaterThan(50);
        expect(pending + unchanged).toBe(120);
      });
    },
  );

  it('removes nothing because HEAD answers 404 where GET finds the tag', async () => {
    await inModeWorld('compare', async (world) => {
      const [one, two] = [
        await world.push('a:v1', world.source, world.target),
        await world.push('a:v2', world.source, world.target),
      ];
      world.setRecord({ a: { v1: one.digest, v2: null } });
      world.target.intercept = ({ method }, response) => {
        if (method !== 'HEAD') return false;
        response.writeHead(404).end();
        return true;
      };
      const result = await compare(world.inputs({}), world.deps);
      expect(result.namespaces).toMatchObject([{ unchanged: 2, drift: { missing: [], removed: 0 } }]);
      expect(world.record()).toEqual({ a: { v1: one.digest, v2: two.digest } });
    });
  });

  it('counts tags about which the target does not answer as failed, and keeps them recorded', async () => {
    await inModeWorld('compare', async (world) => {
      const image = await world.push('a:v1', world.source, world.target);
      world.setRecord({ a: { v1: image.digest } });
      world.target.intercept = (_, response) => {
        response.writeHead(503).end();
        return true;
      };
      const result = await compare(world.inputs(), world.deps);
      expect(result.namespaces).toMatchObject([
        { unchanged: 0, pending: 0, failures: [{ image: 'a', tags: ['v1'] }], drift: { removed: 0 } },
      ]);
      expect(world.record()).toEqual({ a: { v1: image.digest } });
    });
  });
});
