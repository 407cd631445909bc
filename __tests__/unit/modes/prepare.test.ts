import { describe, expect, it } from 'vitest';
import type { NamespacePlan } from '../../../src/plan/namespace-plan.ts';
import { prepare } from '../../../src/modes/prepare.ts';
import { plansOf } from '../../../src/plan/namespace-plan.ts';
import { serializeNamespaceManifest } from '../../../src/record/namespace-manifest.ts';
import { dayOf } from '../../../src/select/recheck.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { type ModeWorld, inModeWorld } from '../../support/fixtures/mode-world.ts';

async function onlyPlan(
  { inputs, deps }: ModeWorld,
  given: Record<string, string> = {},
): Promise<NamespacePlan> {
  const { plans } = await prepare(inputs(given), deps);
  const [plan] = plans;
  if (plan?.kind !== 'plan' || plans.length > 1) throw new Error('not one plan');
  return plan;
}

describe('prepare', () => {
  it('lists a namespace and compares it with its record', async () => {
    await inModeWorld('sync', async (world) => {
      const [same, moved] = [await world.push('a:v1', world.source), await world.push('a:v2', world.source)];
      const added = await world.push('b:v1', world.source);
      world.setRecord({ a: { v1: same.digest, v2: digest(1), old: digest(2), unknown: null } });
      await world.push('a:unknown', world.source);
      const plan = await onlyPlan(world);
      expect(plan).toMatchObject({
        name: `${world.source.host}/ns`,
        recordPath: world.recordPath,
        unchanged: 1,
        gone: [{ image: 'a', tags: ['old'] }],
        undetermined: [{ image: 'a', tag: 'unknown' }],
      });
      expect(plan.work).toMatchObject([
        { image: 'a', descriptor: { digest: moved.digest }, added: [], updated: ['v2'] },
        { image: 'b', descriptor: { digest: added.digest }, added: ['v1'], updated: [] },
      ]);
      expect(world.deps.phases).toEqual(['List the sources', 'Compare with the record']);
    });
  });

  it('returns a namespace that cannot be listed as a failure, and plans the others', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      const { host } = world.source;
      const { plans } = await prepare(
        world.inputs({ namespaces: `${host}/ns\n${host}/missing` }),
        world.deps,
      );
      expect(plans).toMatchObject([
        { kind: 'plan', name: `${host}/ns` },
        { kind: 'failure', name: `${host}/missing`, recordPath: `${host}/missing.json` },
      ]);
    });
  });

  it('returns a namespace whose manifest is damaged as a failure that names the file', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      world.deps.metadata.files.set(world.recordPath, '{ "version": 99 }');
      const { plans } = await prepare(world.inputs(), world.deps);
      const reasons = plans.map((one) => (one.kind === 'failure' ? one.failure.reason : ''));
      expect(reasons).toEqual([expect.stringContaining(world.recordPath)]);
    });
  });

  it('fails only the images of two sources that would go to one target repository', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      await world.push('b:v1', world.source);
      await world.push('x/a:v1', world.source);
      const { host } = world.source;
      const given = { namespaces: `${host}/ns\n${host}/ns/x` };
      const { plans } = await prepare(world.inputs(given), world.deps);
      const reason = `${host}/ns/a and ${host}/ns/x/a would both go to ${world.target.host}/mirror/a`;
      const found = plans.map((plan) => (plan.kind === 'plan' ? plan : undefined));
      expect(found.map((plan) => plan?.listing.failures)).toEqual([
        [{ image: 'a', tags: ['v1'], reason: expect.stringContaining(reason) }],
        [{ image: 'a', tags: ['v1'], reason: expect.stringContaining(reason) }],
      ]);
      expect(found[0]?.work.map(({ image }) => image).toSorted()).toEqual(['b', 'x/a']);
      expect(found[1]?.work).toEqual([]);
    });
  });

  it("rechecks the tags of the plan's day in a job that starts after midnight", async () => {
    await inModeWorld('sync', async (world) => {
      const tags = Array.from({ length: 60 }, (_, index) => `v1.0.${index}`);
      for (const tag of tags) await world.push(`a:${tag}`, world.source);
      world.source.intercept = ({ url }, response) => {
        if (url?.endsWith('/tags/list') !== true) return false;
        response.end(JSON.stringify({ name: 'ns/a', tags }));
        return true;
      };
      const { host } = world.source;
      // Each tag has moved since it was recorded.
      const images = new Map([['a', new Map(tags.map((tag) => [tag, digest(1)]))]]);
      const names = { source: `${host}/ns/a`, target: `${world.target.host}/mirror` };
      world.deps.metadata.files.set(`${host}/ns/a.json`, serializeNamespaceManifest({ ...names, images }));
      const given = { namespaces: `${host}/ns/a`, recheck: '3' };
      const movedOn = async (day: number, now: number): Promise<string[]> => {
        const inputs = world.inputs({
          ...given,
          'job-matrix': JSON.stringify({ 'recheck-day': day, 'recheck-last': day - 1 }),
        });
        const { plans } = await prepare(inputs, { ...world.deps, now: () => new Date(now) });
        return plansOf(plans)
          .flatMap(({ work }) => work.flatMap(({ updated }) => updated))
          .toSorted();
      };
      const midnight = Date.UTC(2026, 10, 26);
      const day = dayOf(new Date(midnight - 600_000));
      const planned = await movedOn(day, midnight - 600_000);
      expect(planned.length).toBeGreaterThan(5);
      expect(planned.length).toBeLessThan(55);
      expect(await movedOn(day, midnight + 300_000)).toEqual(planned);
      expect(await movedOn(day + 1, midnight + 300_000)).not.toEqual(planned);
    });
  });

  it.each([
    ['sync', 'false', true],
    ['sync', 'true', false],
    ['plan', 'false', false],
  ])('plans the referrers of unchanged images: mode %s, dry-run %s → %s', async (mode, dryRun, expected) => {
    await inModeWorld('sync', async (world) => {
      const image = await world.push('a:latest', world.source);
      world.setRecord({ a: { latest: image.digest } });
      const plan = await onlyPlan(world, { mode, 'dry-run': dryRun, referrers: 'true' });
      expect(plan.referrers?.rechecks.map((work) => work.image)).toEqual(expected ? ['a'] : undefined);
    });
  });
});
