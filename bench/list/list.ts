/**
 * Mirrors the list of a real mirror to three targets with the action and with those of its peers that are on PATH: first to empty
 * targets, then again with nothing to do.
 */
import { parseArgs } from 'node:util';
import { type RealEntry, readRealList, splitSource } from '../../__tests__/support/fixtures/real-list.ts';
import { type Column, type Row, printMachine, printTable } from '../measure/table.ts';
import { type Usage, isOnPath } from '../measure/usage.ts';
import { type Link, linkOf } from '../servers/links.ts';
import { LIST_TOOLS, type ListTool } from './tools.ts';
import { type World, startWorld } from './world.ts';

interface Step extends Usage {
  /** Requests. */
  readonly atSource: number;
  readonly pulls: number;
  readonly atTargets: number;
  /** Seconds before the first read of a manifest or blob. Not a number if there was none. */
  readonly before: number;
  /** Seconds after the last request to a registry. */
  readonly after: number;
  readonly writes: number;
  /** Seconds of processor time. */
  readonly registries: number;
}

interface Measured {
  readonly cold: Step;
  readonly idle: Step;
}

/** What is measured by default: tools, part of the list and links. */
const CASES = ['sync-action,crane,skopeo,regsync 20 loopback', 'sync-action,crane,regsync 20 40ms'];

/** @throws Error if an option names something that does not exist */
export async function benchList(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: Array.from(args),
    options: {
      every: { type: 'string', default: '1' },
      links: { type: 'string', default: 'loopback,40ms' },
      tools: { type: 'string', default: 'sync-action' },
      runs: { type: 'string', default: '1' },
    },
  });
  const { every, links, tools, runs } = values;
  printMachine(toolsOf(LIST_TOOLS.map(({ name }) => name).join(',')).flatMap(({ name }) => nameOfPeer(name)));
  for (const one of args.length === 0 ? CASES : [`${tools} ${every} ${links}`])
    await benchCase(one, Number(runs));
}

function toolsOf(names: string): ListTool[] {
  const chosen = names.split(',');
  return LIST_TOOLS.filter(({ name, command }) => chosen.includes(name) && isOnPath(command));
}

const nameOfPeer = (name: string): string[] => (name === 'sync-action' ? [] : [name]);

async function benchCase(one: string, runs: number): Promise<void> {
  const [names = '', every = '', links = ''] = one.split(' ');
  const tools = toolsOf(names);
  const list = readRealList().filter((_, index) => index % Number(every) === 0);
  const tags = list.reduce((sum, { tags }) => sum + tags.length, 0);
  const world = await startWorld(list);
  try {
    for (const link of links.split(',').map(linkOf)) {
      const rows: (Row<Measured> & { readonly measured: Measured[] })[] = tools.map(({ name }) => ({
        cells: [name],
        measured: [],
      }));
      for (let run = 0; run < runs; run += 1) {
        for (const [index, tool] of tools.entries())
          rows[index]?.measured.push(await measure(tool, list, world, link));
      }
      const what = `${list.length} entries, ${tags} tags, ${world.targets.length} targets`;
      printTable(`${what}; memory registries, ${link.name}; medians of ${runs}`, ['tool'], COLUMNS, rows);
    }
  } finally {
    await world.close();
  }
}

async function measure(
  tool: ListTool,
  list: readonly RealEntry[],
  world: World,
  link: Link,
): Promise<Measured> {
  const { source, targets } = world;
  await Promise.all(targets.map(async (target) => target.empty()));
  const opened = await world.open(link);
  const session = await tool.open(list, opened.hosts, world.env);
  const step = async (): Promise<Step> => {
    await Promise.all([source, ...targets].map(async (side) => side.count()));
    const processorBefore = await world.processor();
    const usage = await session.mirror();
    const registries = (await world.processor()) - processorBefore;
    const at = await source.count();
    const counts = await Promise.all(targets.map(async (target) => target.count()));
    const { start, seconds } = usage;
    const last = Math.max(...[at, ...counts].map(({ last = start }) => last));
    return {
      ...usage,
      atSource: at.requests,
      pulls: at.pulls,
      atTargets: counts.reduce((sum, { requests }) => sum + requests, 0),
      before: ((at.firstRead ?? Number.NaN) - start) / 1000,
      after: seconds - (last - start) / 1000,
      registries,
    };
  };
  try {
    const cold = await step();
    for (const target of targets) {
      await target.verify();
      await check(tool, list, source.url, target.url);
    }
    return { cold, idle: await step() };
  } finally {
    await session.close();
    await opened.close();
  }
}

/** @throws Error if a tag is missing, or is none of the images that the tool gives this name */
async function check(tool: ListTool, list: readonly RealEntry[], from: string, to: string): Promise<void> {
  const wanted = new Map<string, Set<string | null>>();
  for (const entry of list) {
    for (const tag of entry.tags) {
      const place = `${tool.nameOf(entry)}/manifests/${tag}`;
      const digest = await digestAt(`${from}/v2/${splitSource(entry).repository}/manifests/${tag}`);
      wanted.set(place, new Set([...(wanted.get(place) ?? []), digest]));
    }
  }
  for (const [place, digests] of wanted) {
    const found = await digestAt(`${to}/v2/mirror/${place}`);
    if (found === null || !digests.has(found)) throw new Error(`${tool.name}: ${place} is ${String(found)}`);
  }
}

async function digestAt(url: string): Promise<string | null> {
  return (await fetch(url, { method: 'HEAD' })).headers.get('docker-content-digest');
}

const COLUMNS: readonly Column<Measured>[] = [
  { title: 'cold s', digits: 2, of: ({ cold }) => cold.seconds },
  { title: 'before copying s', digits: 2, of: ({ cold }) => cold.before },
  {
    title: 'recording s',
    digits: 2,
    of: ({ cold }) => (Number.isNaN(cold.writes) ? Number.NaN : cold.after),
  },
  { title: 'writes to GitHub', of: ({ cold }) => cold.writes },
  { title: 'client CPU s', digits: 2, of: ({ cold }) => cold.cpu },
  { title: 'registries CPU s', digits: 2, of: ({ cold }) => cold.registries },
  { title: 'requests at sources', of: ({ cold }) => cold.atSource },
  { title: 'pulls', of: ({ cold }) => cold.pulls },
  { title: 'requests at targets', of: ({ cold }) => cold.atTargets },
  { title: 'idle s', digits: 2, of: ({ idle }) => idle.seconds },
  { title: 'idle requests at sources', of: ({ idle }) => idle.atSource },
  { title: 'idle pulls', of: ({ idle }) => idle.pulls },
  { title: 'idle requests at targets', of: ({ idle }) => idle.atTargets },
];
