/**
 * Copies images with `engine: docker` and with a shell loop of the same commands, on one dockerd of its own. The two take turns, after
 * one run of each that is not counted. Needs root.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeImage } from '../../__tests__/support/fixtures/images.ts';
import { TOKENS } from '../../__tests__/support/github/tokens.ts';
import { type Dockerd, startDockerd } from '../../__tests__/support/registries/dockerd.ts';
import { type DataSet, listsOf, sizeOf, upload } from '../copy/datasets.ts';
import { type Column, printMachine, printTable } from '../measure/table.ts';
import { type Usage, useAction, useShell } from '../measure/usage.ts';
import { startWarmGitHub } from '../servers/github.ts';
import { type MemorySide, startMemoryRegistries } from '../servers/memory-registries.ts';

interface Measured extends Usage {
  readonly requests: number;
  readonly pulls: number;
  /** Seconds until the first read, and from the last request on. */
  readonly before: number;
  readonly after: number;
}

interface World {
  readonly source: MemorySide;
  readonly target: MemorySide;
  readonly dockerd: Dockerd;
  readonly set: DataSet;
  readonly folder: string;
  /** Without accounts. */
  readonly env: Readonly<Record<string, string>>;
}

const AT_A_TIME = 10;
const REPOSITORIES = 8;
const TAGS = 5;

/** @throws Error if an image is missing at the target or was left in the daemon */
export async function benchDocker(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: Array.from(args),
    options: { runs: { type: 'string', default: '3' } },
  });
  const registries = await startMemoryRegistries();
  const [source, target] = [await registries.start(), await registries.start()];
  const set = imagesOf();
  await upload(set, source.url);
  await source.join();
  await source.setLists(listsOf(set));
  const dockerd = await startDockerd();
  const folder = mkdtempSync(join(tmpdir(), 'bench-docker-'));
  const env = { DOCKER_HOST: dockerd.dockerHost, DOCKER_CONFIG: folder };
  const world: World = { source, target, dockerd, set, folder, env };
  try {
    printMachine(['dockerd']);
    const rows = [
      { cells: ['sync-action, engine docker'], use: useEngine, measured: new Array<Measured>() },
      { cells: ['shell loop'], use: useLoop, measured: new Array<Measured>() },
    ];
    for (let run = 0; run <= Number(values.runs); run += 1) {
      for (const { use, measured } of rows) {
        const one = await measure(world, use);
        if (run > 0) measured.push(one);
      }
    }
    printTable(`${sizeOf(set)}; memory registries; medians of ${values.runs}`, ['tool'], COLUMNS, rows);
  } finally {
    await dockerd.close();
    await registries.close();
    rmSync(folder, { recursive: true });
  }
}

async function measure(world: World, use: (world: World) => Promise<Usage>): Promise<Measured> {
  const { source, target, dockerd, set } = world;
  await target.empty();
  await source.count();
  const usage = await use(world);
  const [a, b] = [await source.count(), await target.count()];
  const left = dockerd.images();
  if (left.length > 0) throw new Error(`The daemon still has ${left.join(', ')}`);
  for (const [repository, tags] of set) {
    for (const tag of tags.keys()) {
      const { ok } = await fetch(`${target.url}/v2/mirror/${repository}/manifests/${tag}`, {
        method: 'HEAD',
      });
      if (!ok) throw new Error(`${repository}:${tag} was not copied`);
    }
  }
  const { start, seconds } = usage;
  return {
    ...usage,
    requests: a.requests + b.requests,
    pulls: a.pulls,
    before: ((a.firstRead ?? start) - start) / 1000,
    after: seconds - ((b.last ?? start) - start) / 1000,
  };
}

async function useEngine({ source, target, folder, env }: World): Promise<Usage> {
  const github = await startWarmGitHub();
  try {
    return await useAction(
      {
        inputs: {
          namespaces: source.host,
          target: `${target.host}/mirror`,
          engine: 'docker',
          concurrency: String(AT_A_TIME),
        },
        apiUrl: github.url,
        token: TOKENS.write,
        env,
      },
      join(folder, 'time'),
    );
  } finally {
    await github.close();
  }
}

async function useLoop({ source, target, set, folder, env }: World): Promise<Usage> {
  const file = join(folder, 'images');
  const images = Array.from(set).flatMap(([name, tags]) =>
    Array.from(tags.keys(), (tag) => `${name}:${tag}`),
  );
  writeFileSync(file, images.join('\n'));
  const [from, to] = [`${source.host}/@`, `${target.host}/mirror/@`];
  const each = `docker pull ${from} && docker tag ${from} ${to} && docker push ${to} && docker rmi ${from} ${to}`;
  return useShell(`xargs -P${AT_A_TIME} -I@ sh -c '${each}' < ${file}`, join(folder, 'time'), env);
}

/** Images of one platform, which docker can unpack. Those of a repository share a layer of 2 MB. */
function imagesOf(): DataSet {
  const repositories = Array.from({ length: REPOSITORIES }, (_, number) => `repo-${number}`);
  return new Map(
    repositories.map((name) => {
      const images = Array.from({ length: TAGS }, (_, number) => {
        const seed = `${name} ${number}`;
        const layerSeeds = [name, `${seed} large`, `${seed} small`];
        return [`v${number}`, makeImage({ seed, layers: [2_000_000, 300_000, 5000], layerSeeds })] as const;
      });
      return [name, new Map(images)];
    }),
  );
}

const COLUMNS: readonly Column<Measured>[] = [
  { title: 's', digits: 2, of: ({ seconds }) => seconds },
  { title: 'before the first pull s', digits: 2, of: ({ before }) => before },
  { title: 'after the last push s', digits: 2, of: ({ after }) => after },
  { title: 'client CPU s', digits: 2, of: ({ cpu }) => cpu },
  { title: 'peak MB', of: ({ megabytes }) => megabytes },
  { title: 'requests', of: ({ requests }) => requests },
  { title: 'pulls', of: ({ pulls }) => pulls },
];
