/**
 * Copies the same images with the registry engine and with those of its peers that are on PATH: first to an empty target,
 * then again with nothing to do. Prints the time, memory and traffic of each.
 */
import { fileURLToPath } from 'node:url';
import { startDockerRegistry } from '../../__tests__/support/registries/docker-registry.ts';
import { googleTags } from '../../__tests__/support/registries/google-tags.ts';
import { type DataSet, SETS, upload } from './datasets.ts';
import { type Front, type Traffic, isOnPath, startDelay, startFront } from './front.ts';
import { type Tool, type Usage, TOOLS } from './tools.ts';

interface Measured {
  readonly cold: Usage & Traffic;
  readonly idle: Usage & Traffic;
}

const DATA = process.env['BENCH_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** @param args data sets (`a,b,c`), link (`loopback`, `40ms`, `both`), runs per tool, tools; each has a default */
export async function benchCopy([
  sets = 'a,b,c',
  link = 'both',
  runs = '3',
  tools = '',
]: readonly string[]): Promise<void> {
  const chosen = TOOLS.filter(
    ({ name, command }) => (tools === '' || tools.split(',').includes(name)) && isOnPath(command),
  );
  for (const name of sets.split(',')) {
    const make = SETS[name];
    if (!make) throw new Error(`There is no data set ${name}: use ${Object.keys(SETS).join(', ')}`);
    const set = make(DATA);
    const registry = await startDockerRegistry();
    await upload(set, registry.url);
    const source = await startFront(registry.url, listsOf(set));
    for (const delayed of link === 'both' ? [false, true] : [link === '40ms']) {
      console.log(
        `\n(${name}) ${delayed ? '40 ms round trip' : 'loopback'}, ${runs} runs each, medians; ${sizeOf(set)}`,
      );
      console.log(HEADER);
      for (const tool of chosen) {
        const measured: Measured[] = [];
        for (let run = 0; run < Number(runs); run += 1)
          measured.push(await measure(tool, set, source, delayed));
        print(tool.name, measured);
      }
    }
    await source.close();
    await registry.close();
  }
}

async function measure(tool: Tool, set: DataSet, source: Front, delayed: boolean): Promise<Measured> {
  const registry = await startDockerRegistry();
  const target = await startFront(registry.url);
  const links = delayed ? [await startDelay(source.host), await startDelay(target.host)] : [];
  const [from, to] = [links[0]?.host ?? source.host, links[1]?.host ?? target.host];
  const run = async (): Promise<Usage & Traffic> => {
    source.count();
    target.count();
    const usage = await session.copy();
    const [a, b] = [source.count(), target.count()];
    const requests = a.requests + b.requests;
    return { ...usage, requests, received: b.received, sent: a.sent, pulls: a.pulls };
  };
  const session = await tool.open(from, to, set);
  try {
    const cold = await run();
    await check(set, registry.url);
    return { cold, idle: await run() };
  } finally {
    await session.close();
    await Promise.all([...links, target].map((server) => server.close()));
    await registry.close();
  }
}

/** @throws Error if the tool did not copy everything: its measurement would mean nothing */
async function check(set: DataSet, url: string): Promise<void> {
  for (const [repository, images] of set) {
    for (const [tag, { digest, mediaType }] of images) {
      const head = await fetch(`${url}/v2/mirror/${repository}/manifests/${tag}`, {
        method: 'HEAD',
        headers: { accept: mediaType },
      });
      const found = head.headers.get('docker-content-digest');
      if (found !== digest) throw new Error(`${repository}:${tag} is ${found ?? head.status}, not ${digest}`);
    }
  }
}

function listsOf(set: DataSet): Map<string, string> {
  // The whole registry is one namespace. Its root and its intermediate folders list the repositories below them.
  const lists = new Map<string, string>();
  const names = Array.from(set.keys());
  const folders = names.flatMap((name) =>
    name.split('/').map((_, depth, parts) => parts.slice(0, depth).join('/')),
  );
  for (const repository of new Set([...folders, ...names])) {
    const images = Array.from(set.get(repository) ?? []);
    const tags = Map.groupBy(images, ([, { digest }]) => digest);
    const manifests = Array.from(tags, ([digest, entries]) => ({
      digest,
      mediaType: entries[0]?.[1].mediaType ?? '',
      size: 1000,
      tags: entries.map(([tag]) => tag),
    }));
    lists.set(repository, JSON.stringify(googleTags(repository, names, manifests)));
  }
  return lists;
}

function sizeOf(set: DataSet): string {
  const images = Array.from(set.values()).flatMap((tags) => Array.from(tags.values()));
  const blobs = new Map(
    images.flatMap((image) => [image, ...image.children]).flatMap(({ blobs }) => Array.from(blobs)),
  );
  const bytes = Array.from(blobs.values()).reduce((sum, { length }) => sum + length, 0);
  return `${images.length} tags in ${set.size} repositories, ${blobs.size} blobs, ${(bytes / 1e6).toFixed(0)} MB`;
}

const COLUMNS = [
  'cold s',
  'CPU s',
  'peak MB',
  'requests',
  'pulls',
  'MB to target',
  'idle s',
  'idle requests',
];
const HEADER = ['tool'.padEnd(14), ...COLUMNS.map((column) => column.padStart(14))].join('');

function print(name: string, measured: readonly Measured[]): void {
  const median = (of: (one: Measured) => number): number =>
    measured.map(of).toSorted((a, b) => a - b)[Math.floor(measured.length / 2)] ?? Number.NaN;
  const values = [
    median(({ cold }) => cold.seconds).toFixed(2),
    median(({ cold }) => cold.cpu).toFixed(2),
    median(({ cold }) => cold.megabytes).toFixed(0),
    median(({ cold }) => cold.requests).toFixed(0),
    median(({ cold }) => cold.pulls).toFixed(0),
    (median(({ cold }) => cold.received) / 1e6).toFixed(1),
    median(({ idle }) => idle.seconds).toFixed(2),
    median(({ idle }) => idle.requests).toFixed(0),
  ];
  console.log([name.padEnd(14), ...values.map((value) => value.padStart(14))].join(''));
}
