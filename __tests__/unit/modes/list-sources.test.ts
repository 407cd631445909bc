import { describe, expect, it } from 'vitest';
import type { Inputs } from '../../../src/inputs/inputs.ts';
import { type ListedNamespace, listSources } from '../../../src/modes/list-sources.ts';
import { listedImage, listOnly, withSettings } from '../../support/fixtures/lists.ts';
import { type ModeWorld, inModeWorld } from '../../support/fixtures/mode-world.ts';
import { type MemoryRegistry, refuse } from '../../support/registries/memory-registry.ts';

const V1 = { references: [{ tag: 'v1' }] };
const LIST_TAGS = /\/tags\/list/;

async function list(world: ModeWorld, inputs: Inputs): Promise<ListedNamespace[]> {
  world.source.requests.length = 0;
  const all = await listSources(inputs, world.deps);
  return all.map((one) => {
    if (one.kind === 'failure') throw new Error(one.failure.reason);
    return one;
  });
}

/** The repositories whose tags were listed. */
function listsOf({ requests }: MemoryRegistry): string[] {
  return requests
    .filter(({ path }) => LIST_TAGS.test(path))
    .map(({ path }) => path.replace(/^\/v2\/(.*)\/tags\/list.*$/, '$1'))
    .toSorted();
}

const tagsOf = ({ rules }: ListedNamespace): string[][] =>
  rules.map(({ listing }) =>
    Array.from(listing.images).flatMap(([image, { tags }]) =>
      Array.from(tags.keys(), (tag) => `${image}:${tag}`).toSorted(),
    ),
  );

/** Makes the source refuse to list some repositories. */
function refuseLists(source: MemoryRegistry, which: RegExp): void {
  source.intercept = ({ url = '' }, response) => {
    if (!which.test(url)) return false;
    refuse(response, 403, 'DENIED', 'not yours');
    return true;
  };
}

describe('listSources', () => {
  it('lists a namespace with two targets once', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      const second = { registry: world.target.host, path: 'second' };
      const [one, two] = await list(world, withSettings(world.inputs(), {}, { target: second }));
      expect(listsOf(world.source)).toEqual(['ns', 'ns/a']);
      expect([one, two].map((listed) => listed && tagsOf(listed))).toEqual([[['a:v1']], [['a:v1']]]);
      expect(two?.settings.target).toEqual(second);
    });
  });

  it('lists what any target of a namespace wants, and filters for each', async () => {
    await inModeWorld('sync', async (world) => {
      for (const name of ['a:v1', 'b:v1', 'c:v1']) await world.push(name, world.source);
      const only = (image: string): { filters: { include: string[][]; exclude: string[] } } => ({
        filters: { include: [[image]], exclude: ['c', 'c/**'] },
      });
      const listed = await list(world, withSettings(world.inputs(), only('a'), only('b')));
      expect(listsOf(world.source)).toEqual(['ns', 'ns/a', 'ns/b']);
      const selected = listed.map(({ rules }) => Array.from(rules[0]?.selection.listing.images.keys() ?? []));
      expect(selected).toEqual([['a'], ['b']]);
    });
  });

  it('requests nothing for exact tags and digests', async () => {
    await inModeWorld('sync', async (world) => {
      const { digest } = await world.push('a:v1', world.source);
      const references = [{ tag: 'v1' }, { digest }];
      const [one] = await list(world, listOnly(world.inputs(), listedImage('a', { references })));
      expect(one && tagsOf(one)).toEqual([[`a:${digest}`, 'a:v1']]);
      expect(world.source.requests).toEqual([]);
    });
  });

  it('lists the tags of an image of which filters select some, and no other image', async () => {
    await inModeWorld('sync', async (world) => {
      for (const name of ['a:v1', 'a:v2', 'a/b:v1', 'c:v1']) await world.push(name, world.source);
      const [one] = await list(world, listOnly(world.inputs(), listedImage('a'), listedImage('a')));
      expect(one && tagsOf(one)).toEqual([
        ['a:v1', 'a:v2'],
        ['a:v1', 'a:v2'],
      ]);
      expect(listsOf(world.source)).toEqual(['ns/a']);
    });
  });

  it('lists the tags of an image with exact tags whose referrers are mirrored', async () => {
    await inModeWorld('sync', async (world) => {
      for (const name of ['a:v1', 'a:v2']) await world.push(name, world.source);
      const [one] = await list(world, listOnly(world.inputs(), listedImage('a', { ...V1, referrers: true })));
      expect(one && tagsOf(one)).toEqual([['a:v1']]);
      expect(Array.from(one?.tagLists.get('a')?.tags.keys() ?? []).toSorted()).toEqual(['v1', 'v2']);
    });
  });

  it('takes an image of a list from the list of its whole namespace', async () => {
    await inModeWorld('sync', async (world) => {
      for (const name of ['a:v1', 'b:v1']) await world.push(name, world.source);
      const [one] = await list(world, withSettings(world.inputs(), { list: [listedImage('a')] }));
      expect(one && tagsOf(one)).toEqual([['a:v1'], ['a:v1', 'b:v1']]);
      expect(listsOf(world.source)).toEqual(['ns', 'ns/a', 'ns/b']);
    });
  });

  it('does not list an image of a list again that the list of its whole namespace could not have', async () => {
    await inModeWorld('sync', async (world) => {
      for (const name of ['a:v1', 'b:v1']) await world.push(name, world.source);
      refuseLists(world.source, /\/ns\/a\/tags\/list/);
      const [one] = await list(world, withSettings(world.inputs(), { list: [listedImage('a')] }));
      expect(listsOf(world.source)).toEqual(['ns', 'ns/a', 'ns/b']);
      expect(one?.rules[0]?.listing.failures).toMatchObject([{ image: 'a', tags: [] }]);
    });
  });

  it('fails an image of a list that the source does not have, and no other', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      const [one] = await list(world, listOnly(world.inputs(), listedImage('missing'), listedImage('a')));
      expect(one?.rules.map(({ listing }) => listing.failures)).toEqual([
        [{ image: 'missing', tags: [], reason: expect.stringMatching(/ns\/missing does not exist/) }],
        [],
      ]);
      expect(one && tagsOf(one)).toEqual([[], ['a:v1']]);
    });
  });

  it('holds up no entry of a list when the whole namespace cannot be listed', async () => {
    await inModeWorld('sync', async (world) => {
      for (const name of ['a:v1', 'b:v1']) await world.push(name, world.source);
      refuseLists(world.source, /\/ns\/tags\/list/);
      const entries = [listedImage('a', V1), listedImage('b')];
      const [one] = await list(world, withSettings(world.inputs(), { list: entries }));
      expect(one && tagsOf(one)).toEqual([['a:v1'], ['b:v1'], []]);
      expect(one?.rules.at(-1)?.listing.failures).toMatchObject([{ image: '', tags: [] }]);
      const [failed] = await listSources(world.inputs(), world.deps);
      expect(failed).toMatchObject({ kind: 'failure', failure: { image: '', tags: [] } });
    });
  });
});
