import { describe, expect, it } from 'vitest';
import { compare } from '../../../src/modes/compare.ts';
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
      world.setRecord({ a: { v1: digest(1) } });
      const result = await compare(world.inputs({ 'dry-run': 'true' }), world.deps);
      expect(result.namespaces).toMatchObject([{ drift: { removed: 1 } }]);
      expect(world.record()).toEqual({ a: { v1: digest(1) } });
    });
  });

  it('keeps a long record when the target has none of its tags', async () => {
    await inModeWorld('compare', async (world) => {
      await world.push('a:v1', world.source);
      const tags = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`v${index}`, digest(index)]));
      world.setRecord({ a: tags });
      const result = await compare(world.inputs(), world.deps);
      expect(countEntries(recorded(world.record()))).toBe(11);
      expect(result.namespaces).toMatchObject([
        {
          drift: { removed: 0 },
          failures: [{ image: '', tags: [] }],
        },
      ]);
      expect(result.namespaces[0]?.failures[0]?.reason).toContain('check "target" and its credentials');
    });
  });

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
