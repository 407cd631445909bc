import { expect } from 'vitest';
import type { RecordEntry } from '../../../src/mirror/record-entry.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import {
  parseNamespaceManifest,
  serializeNamespaceManifest,
} from '../../../src/record/namespace-manifest.ts';
import { makeImage, pushImage } from '../fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../github/stand-in.ts';
import { TOKENS } from '../github/tokens.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../registries/memory-registry.ts';
import { type RunOptions, type RunOutcome, runAction } from './runner.ts';

/** A source with three tags, a target, and GitHub with a record of the first tag. */
export interface World {
  readonly source: MemoryRegistry;
  readonly target: MemoryRegistry;
  readonly github: GitHubStandIn;
  /** Path of the namespace manifest. */
  readonly path: string;
  /** Digests of the tags in the source, by `image:tag`. */
  readonly held: Readonly<Record<string, Digest>>;
  readonly run: (inputs?: Record<string, string>, options?: Partial<RunOptions>) => Promise<RunOutcome>;
  /** Entries of the namespace manifest, by `image:tag`. */
  readonly recorded: () => Promise<Record<string, RecordEntry>>;
  /** Does `work` once, while the run copies. */
  readonly meanwhile: (work: () => unknown) => void;
}

export const CHANGELOG = '# Changelog\n\nWhat is said first.\n\n## Before\n\n- `old`: added `v1`\n';

export async function inWorld(test: (world: World) => Promise<void>): Promise<void> {
  const [source, target, github] = await Promise.all([
    startMemoryRegistry({ google: true }),
    startMemoryRegistry(),
    startGitHub({ 'octo/meta': {} }),
  ]);
  try {
    await test(await createWorld(source, target, github));
    expect(github.violations).toEqual([]);
  } finally {
    await Promise.all([github, target, source].map((server) => server.close()));
  }
}

async function createWorld(
  source: MemoryRegistry,
  target: MemoryRegistry,
  github: GitHubStandIn,
): Promise<World> {
  const held: Record<string, Digest> = {};
  const hold = async (name: string, ...registries: MemoryRegistry[]): Promise<Digest> => {
    const [image = '', tag = ''] = name.split(':');
    const content = makeImage({ seed: name });
    held[name] = content.digest;
    const folder = (registry: MemoryRegistry): string => (registry === source ? 'ns' : 'mirror');
    for (const registry of registries)
      await pushImage(registry.url, `${folder(registry)}/${image}`, [tag], content);
    return content.digest;
  };
  const path = `${source.host}/ns.json`;
  const names = { path, source: `${source.host}/ns`, target: `${target.host}/mirror` };
  const old = await hold('old:v1', source, target);
  await hold('new:v1', source);
  await hold('new:v2', source);
  const images = new Map([['old', new Map([['v1', old]])]]);
  await github.putFile('octo/meta', path, serializeNamespaceManifest({ ...names, images }));
  await github.putFile('octo/meta', 'CHANGELOG.md', CHANGELOG);
  const run: World['run'] = async (inputs, options) =>
    runAction({
      inputs: { namespaces: names.source, target: names.target, engine: 'registry', ...inputs },
      apiUrl: github.url,
      token: TOKENS.write,
      ...options,
    });
  return {
    source,
    target,
    github,
    path,
    held,
    run,
    recorded: async () => {
      const text = await github.file('octo/meta', path);
      const { images } = parseNamespaceManifest(Buffer.from(text ?? '{}'), names);
      return Object.fromEntries(
        Array.from(images, ([image, tags]) =>
          Array.from(tags, ([tag, entry]) => [`${image}:${tag}`, entry] as const),
        ).flat(),
      );
    },
    meanwhile: (work) => {
      let isDone = false;
      target.intercept = async ({ method, url }) => {
        if (isDone || method !== 'PUT' || url?.includes('/manifests/') !== true) return false;
        isDone = true;
        await work();
        return false;
      };
    },
  };
}

/** Writes of files; the check of the permission to write is none. */
export function writes({ github }: World): number {
  return github.requests.filter(({ method, path }) => method === 'PUT' && !path.endsWith('-write-access'))
    .length;
}

/** The sections of the changelog that name the run's new tags. */
export async function sections({ github }: World): Promise<number> {
  const text = (await github.file('octo/meta', 'CHANGELOG.md')) ?? '';
  return (text.match(/^- `new`: added `v1`, `v2`$/gm) ?? []).length;
}

/** The messages of commits that runs made, without the first commits and those made by hand. */
export async function commitsOfRuns({ github, source }: World): Promise<string[]> {
  const commits = await github.commits('octo/meta');
  return commits
    .map(({ message }) => message.replace(`${source.host}/`, ''))
    .filter((message) => message.includes('Mirror'));
}

/** Runs the action once more and expects that everything is recorded: it neither copies nor writes. */
export async function expectNothingToDo(world: World, unchanged = 3): Promise<void> {
  delete world.github.intercept;
  world.target.requests.length = 0;
  world.github.requests.length = 0;
  const { exitCode, outputs } = await world.run();
  expect(exitCode).toBe(0);
  expect(outputs).toMatchObject({ complete: 'true', changed: 'false', unchanged: String(unchanged) });
  expect(world.target.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
  expect(writes(world)).toBe(0);
}
