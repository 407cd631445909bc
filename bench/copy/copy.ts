/**
 * Copies the same images with the registry engine and with those of its peers that are on PATH: first to an empty target,
 * then again with nothing to do. The tools take turns. Prints the time, memory and traffic of each.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Column, type Row, printMachine, printTable } from '../measure/table.ts';
import { type Usage, isOnPath } from '../measure/usage.ts';
import { type Link, linkOf, openLink } from '../servers/links.ts';
import { type DataSet, SETS, sizeOf } from './datasets.ts';
import { REGISTRIES, type Registries } from './registries.ts';
import { TOOLS, type Tool } from './tools.ts';

interface Step extends Usage {
  readonly requests: number;
  /** At the source. */
  readonly pulls: number;
  /** Bytes of requests to the target. */
  readonly received: number;
  /** Seconds before the first read of a manifest or blob and after the last request. */
  readonly besides: number;
  /** Seconds of processor time of the registries. */
  readonly registries: number;
}

interface Measured {
  readonly cold: Step;
  readonly idle: Step;
}

const DATA = process.env['BENCH_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** What is measured by default: sets, registries and links. */
const CASES = [
  'a docker loopback',
  'b docker loopback',
  'b memory loopback,40ms',
  'c docker loopback,40ms',
  'c memory 100ms',
  'd memory loopback',
];

/** @throws Error if an option names something that does not exist */
export async function benchCopy(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: Array.from(args),
    options: {
      sets: { type: 'string' },
      registries: { type: 'string', default: 'memory,docker' },
      links: { type: 'string', default: 'loopback,40ms' },
      tools: { type: 'string', default: 'sync-action,crane,regsync' },
      runs: { type: 'string', default: '1' },
    },
  });
  const tools = TOOLS.filter(
    ({ name, command }) => values.tools.split(',').includes(name) && isOnPath(command),
  );
  printMachine(tools.map(({ name }) => name).filter((name) => name !== 'sync-action'));
  const { sets, registries, links } = values;
  const cases =
    sets === undefined
      ? CASES
      : sets.split(',').flatMap((set) => registries.split(',').map((kind) => `${set} ${kind} ${links}`));
  for (const one of cases) await benchCase(one, tools, Number(values.runs));
}

async function benchCase(one: string, tools: readonly Tool[], runs: number): Promise<void> {
  const [name = '', kind = '', links = ''] = one.split(' ');
  const [make, start] = [SETS[name], REGISTRIES[kind]];
  if (!make) throw new Error(`There is no data set ${name}: use ${Object.keys(SETS).join(', ')}`);
  if (!start) throw new Error(`There are no registries ${kind}: use ${Object.keys(REGISTRIES).join(', ')}`);
  const set = make(DATA);
  const registries = await start(set);
  try {
    for (const link of links.split(',').map(linkOf)) {
      const rows: (Row<Measured> & { readonly measured: Measured[] })[] = tools.map(({ name }) => ({
        cells: [name],
        measured: [],
      }));
      for (let run = 0; run < runs; run += 1) {
        for (const [index, tool] of tools.entries())
          rows[index]?.measured.push(await measure(tool, set, registries, link));
      }
      const title = `(${name}) ${sizeOf(set)}; ${kind} registries, ${link.name}; medians of ${runs}`;
      printTable(title, ['tool'], COLUMNS, rows);
    }
  } finally {
    await registries.close();
  }
}

async function measure(tool: Tool, set: DataSet, source: Registries, link: Link): Promise<Measured> {
  const target = await source.openTarget();
  const links = [await openLink(source.host, link), await openLink(target.host, link)];
  const session = await tool.open(links[0]?.host ?? '', links[1]?.host ?? '', set);
  const step = async (): Promise<Step> => {
    await Promise.all([source.count(), target.count()]);
    const before = await source.processor();
    const usage = await session.copy();
    const registries = (await source.processor()) - before;
    const [a, b] = [await source.count(), await target.count()];
    const { start, seconds } = usage;
    const last = Math.max(a.last ?? start, b.last ?? start);
    return {
      ...usage,
      requests: a.requests + b.requests,
      pulls: a.pulls,
      received: b.received,
      besides: seconds - (last - (a.firstRead ?? last)) / 1000,
      registries,
    };
  };
  try {
    const cold = await step();
    await target.check();
    return { cold, idle: await step() };
  } finally {
    await session.close();
    await Promise.all(links.map((server) => server.close()));
    await target.close();
  }
}

const COLUMNS: readonly Column<Measured>[] = [
  { title: 'cold s', digits: 2, of: ({ cold }) => cold.seconds },
  { title: 'besides copying s', digits: 2, of: ({ cold }) => cold.besides },
  { title: 'client CPU s', digits: 2, of: ({ cold }) => cold.cpu },
  { title: 'registries CPU s', digits: 2, of: ({ cold }) => cold.registries },
  { title: 'peak MB', of: ({ cold }) => cold.megabytes },
  { title: 'requests', of: ({ cold }) => cold.requests },
  { title: 'pulls', of: ({ cold }) => cold.pulls },
  { title: 'MB to target', digits: 1, of: ({ cold }) => cold.received / 1e6 },
  { title: 'idle s', digits: 2, of: ({ idle }) => idle.seconds },
  { title: 'idle requests', of: ({ idle }) => idle.requests },
];
