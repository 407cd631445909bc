import { describe, expect, it } from 'vitest';
import type { Inputs } from '../../../src/inputs/inputs.ts';
import { prepare } from '../../../src/modes/prepare.ts';
import { type NamespacePlan, plansOf } from '../../../src/plan/namespace-plan.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { makeImage, pushImage } from '../../support/fixtures/images.ts';
import { listedImage, listOnly, withSettings } from '../../support/fixtures/lists.ts';
import { type ModeWorld, inModeWorld } from '../../support/fixtures/mode-world.ts';
import { refuse } from '../../support/registries/memory-registry.ts';

/** The plans of `inputs`, and the requests to the source that they took: `HEAD a:v1`, `GET a/tags/list`. */
async function plansFor(
  world: ModeWorld,
  inputs: Inputs,
): Promise<{ readonly plans: readonly NamespacePlan[]; readonly requests: readonly string[] }> {
  world.source.requests.length = 0;
  const { plans } = await prepare(inputs, world.deps);
  const requests = world.source.requests.map(({ method, path }) =>
    `${method} ${path}`
      .replace(/\/v2\/ns\//, '')
      .replace('/manifests/', ':')
      .replace(/\?.*/, ''),
  );
  return { plans: plansOf(plans), requests: requests.toSorted() };
}

async function onlyPlan(
  world: ModeWorld,
  inputs: Inputs,
): Promise<NamespacePlan & { requests: readonly string[] }> {
  const { plans, requests } = await plansFor(world, inputs);
  const [plan] = plans;
  if (!plan || plans.length > 1) throw new Error('not one plan');
  return { ...plan, requests };
}

const workOf = ({ work }: NamespacePlan): string[] =>
  work.flatMap(({ image, added, updated }) => [
    ...added.map((tag) => `added ${image}:${tag}`),
    ...updated.map((tag) => `updated ${image}:${tag}`),
  ]);

describe('the plan of a list', () => {
  it('looks each exact tag up by one HEAD, and no digest', async () => {
    await inModeWorld('sync', async (world) => {
      const [one, two] = [await world.push('a:v1', world.source), await world.push('a:v2', world.source)];
      await world.push('b:latest', world.source);
      const references = [{ tag: 'v1' }, { digest: two.digest }, { tag: 'pinned', digest: one.digest }];
      const plan = await onlyPlan(
        world,
        listOnly(
          world.inputs(),
          listedImage('a', { references }),
          listedImage('b', { references: [{ tag: 'latest' }] }),
        ),
      );
      expect(plan.requests).toEqual(['HEAD a:v1', 'HEAD b:latest']);
      expect(workOf(plan).toSorted()).toEqual(
        ['added a:v1', 'added a:pinned', `added a:${two.digest}`, 'added b:latest'].toSorted(),
      );
      expect(plan.listing.failures).toEqual([]);
    });
  });

  it('requests nothing for tags that are recorded and not due', async () => {
    await inModeWorld('sync', async (world) => {
      world.setRecord({ a: { 'v1.2.3': digest(1), [digest(2)]: digest(2) } });
      const references = [{ tag: 'v1.2.3' }, { digest: digest(2) }];
      // The last run was on the same day: no tag is due.
      const recheckTurn = { day: 20_000, last: 20_000 };
      const inputs = { ...listOnly(world.inputs(), listedImage('a', { references })), recheckTurn };
      const plan = await onlyPlan(world, inputs);
      expect(plan.requests).toEqual([]);
      expect(plan).toMatchObject({ unchanged: 2, work: [], gone: [], notRechecked: 1 });
    });
  });

  it('fails an exact tag that the source does not have, and counts one that is recorded as gone', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      world.setRecord({ a: { old: digest(1) } });
      const references = ['v1', 'old', 'missing'].map((tag) => ({ tag }));
      const plan = await onlyPlan(world, listOnly(world.inputs(), listedImage('a', { references })));
      expect(plan.listing.failures).toEqual([
        { image: 'a', tags: ['missing'], reason: expect.stringContaining('ns/a has no such tag') },
      ]);
      expect(plan.gone).toEqual([{ image: 'a', tags: ['old'] }]);
      expect(workOf(plan)).toEqual(['added a:v1']);
      expect(plan.requests.filter((request) => request.endsWith('/tags/list'))).toEqual([]);
    });
  });

  it("counts a tag that was taken off the list as gone, but not in a plan's job", async () => {
    await inModeWorld('sync', async (world) => {
      const image = await world.push('a:v1', world.source);
      world.setRecord({ a: { v1: image.digest, v2: digest(2) }, b: { v1: digest(3) } });
      const inputs = listOnly(world.inputs(), listedImage('a', { references: [{ tag: 'v1' }] }));
      expect((await onlyPlan(world, inputs)).gone).toEqual([
        { image: 'a', tags: ['v2'] },
        { image: 'b', tags: ['v1'] },
      ]);
      const job = { ...inputs, recheckTurn: { day: 20_000, last: 19_999 } };
      expect((await onlyPlan(world, job)).gone).toEqual([]);
    });
  });

  it('mirrors two tags of an image for the platforms of their entries', async () => {
    await inModeWorld('sync', async (world) => {
      const image = makeImage({ seed: 'same' });
      await pushImage(world.source.url, 'ns/a', ['v1', 'v2'], image);
      const platforms = [['linux/amd64'], ['linux/arm64']];
      const entries = platforms.map((some, index) =>
        listedImage('a', { references: [{ tag: `v${index + 1}` }], platforms: some }),
      );
      const plan = await onlyPlan(world, listOnly(world.inputs(), ...entries));
      expect(plan.work.map(({ added, settings }) => [added, settings?.platforms])).toEqual([
        [['v1'], ['linux/amd64']],
        [['v2'], ['linux/arm64']],
      ]);
    });
  });

  it('lets an exact tag go before filters, and filters before the whole namespace', async () => {
    await inModeWorld('sync', async (world) => {
      for (const name of ['a:v1', 'a:v2', 'a:w1', 'b:v1']) await world.push(name, world.source);
      const list = [
        listedImage('a', { filters: { include: [['a:v*']], exclude: [] }, platforms: ['linux/arm64'] }),
        listedImage('a', { references: [{ tag: 'v1' }], platforms: ['linux/amd64'] }),
      ];
      const plan = await onlyPlan(world, withSettings(world.inputs(), { list }));
      const platforms = plan.work.flatMap(({ image, added, settings }) =>
        added.map((tag) => [`${image}:${tag}`, settings?.platforms]),
      );
      expect(Object.fromEntries(platforms)).toEqual({
        'a:v1': ['linux/amd64'],
        'a:v2': ['linux/arm64'],
        'a:w1': undefined,
        'b:v1': undefined,
      });
      expect(platforms).toHaveLength(4);
    });
  });

  it('mirrors the entries of a list when the whole namespace cannot be listed, and removes nothing', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      world.setRecord({ z: { v1: digest(1) } });
      world.source.intercept = ({ url = '' }, response) => {
        if (!url.includes('/ns/tags/list')) return false;
        refuse(response, 403, 'DENIED', 'not yours');
        return true;
      };
      const list = [listedImage('a', { references: [{ tag: 'v1' }] })];
      const plan = await onlyPlan(world, withSettings(world.inputs(), { list }));
      expect(workOf(plan)).toEqual(['added a:v1']);
      expect(plan.listing.failures).toMatchObject([{ image: '', tags: [] }]);
      expect(plan.gone).toEqual([]);
    });
  });

  it('names a repository that cannot be listed once, whatever the number of its entries', async () => {
    await inModeWorld('sync', async (world) => {
      for (const name of ['a:v1', 'b:v1']) await world.push(name, world.source);
      world.source.intercept = ({ url = '' }, response) => {
        if (!url.includes('/ns/a/tags/list')) return false;
        refuse(response, 403, 'DENIED', 'not yours');
        return true;
      };
      const list = [listedImage('a'), listedImage('a', { names: ['other'] })];
      const plan = await onlyPlan(world, withSettings(world.inputs(), { list }));
      expect(plan.listing.failures).toMatchObject([{ image: 'a', tags: [] }]);
      expect(workOf(plan)).toEqual(['added b:v1']);
    });
  });

  it('fails only the name of an image that another image has, too', async () => {
    await inModeWorld('sync', async (world) => {
      for (const name of ['a:v1', 'b:v1']) await world.push(name, world.source);
      const list = [
        listedImage('a', { references: [{ tag: 'v1' }], names: ['{image}', 'b'] }),
        listedImage('b', { references: [{ tag: 'v1' }] }),
      ];
      const plan = await onlyPlan(world, withSettings(world.inputs(), { list, isListOnly: true }));
      expect(workOf(plan)).toEqual(['added a:v1']);
      expect(plan.listing.failures.map(({ image, tags }) => `${image}:${tags.join()}`)).toEqual([
        'a as b:v1',
        'b:v1',
      ]);
      expect(plan.clashing).toEqual(['a', 'b']);
    });
  });

  it('lists a namespace with two targets once, and looks each of its tags up once', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      const second = { registry: world.target.host, path: 'second' };
      const list = [listedImage('a', { references: [{ tag: 'v1' }] })];
      const inputs = withSettings(
        world.inputs(),
        { list, isListOnly: true },
        { list, isListOnly: true, target: second },
      );
      const { plans, requests } = await plansFor(world, inputs);
      expect(requests).toEqual(['HEAD a:v1']);
      expect(plans.map(workOf)).toEqual([['added a:v1'], ['added a:v1']]);
    });
  });

  it('looks a tag up once that an entry and a filter select', async () => {
    await inModeWorld('sync', async (world) => {
      const tags = ['v1', 'v2'];
      for (const tag of tags) await world.push(`a:${tag}`, world.source);
      // A registry that lists no digests.
      world.source.intercept = ({ url = '' }, response) => {
        if (!url.includes('/ns/a/tags/list')) return false;
        response.end(JSON.stringify({ name: 'ns/a', tags }));
        return true;
      };
      const list = [listedImage('a', { references: [{ tag: 'v1' }] }), listedImage('a')];
      const { requests } = await onlyPlan(world, withSettings(world.inputs(), { list, isListOnly: true }));
      expect(requests).toEqual(['GET a/tags/list', 'HEAD a:v1', 'HEAD a:v2']);
    });
  });
});
