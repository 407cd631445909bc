import { makeImage, makeIndex, pushImage } from '../__tests__/support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../__tests__/support/github/stand-in.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../__tests__/support/registries/memory-registry.ts';

/** The account of the target registry. */
export const ACCOUNT = { username: 'demo', password: 'demo-password' };
/** The metadata repository, which is empty at first. */
export const REPOSITORY = 'octo/meta';

/** Servers on loopback that a run needs, all in this process. */
export interface DemoServers {
  /** A source registry with the namespace `distroless`. */
  readonly source: MemoryRegistry;
  /** An empty target registry. */
  readonly target: MemoryRegistry;
  readonly github: GitHubStandIn;
  readonly close: () => Promise<void>;
}

/** Starts the servers and fills the source registry with three repositories that have five tags. */
export async function startDemoServers(): Promise<DemoServers> {
  const source = await startMemoryRegistry({ google: true });
  const target = await startMemoryRegistry({ auth: { kind: 'token', ...ACCOUNT } });
  const github = await startGitHub({ [REPOSITORY]: { empty: true } });
  const platforms = ['linux/amd64', 'linux/arm64'];
  const index = makeIndex(
    platforms.map((platform) => makeImage({ seed: platform, platform, layers: [500_000, 2000] })),
  );
  const java = makeImage({ seed: 'java', layers: [900_000] });
  await pushImage(source.url, 'distroless/static', ['latest', 'v1'], index);
  await pushImage(source.url, 'distroless/java/debian12', ['17', '21'], java);
  await moveBase(source, 'base');
  return {
    source,
    target,
    github,
    close: async () => {
      await Promise.all([source, target, github].map((server) => server.close()));
    },
  };
}

/** Pushes a new image to `distroless/base:latest` of the source. */
export async function moveBase(source: MemoryRegistry, seed: string): Promise<void> {
  await pushImage(source.url, 'distroless/base', ['latest'], makeImage({ seed }));
}

/** Inputs of a run that mirrors the source to the target. */
export function demoInputs({ source, target }: DemoServers): Record<string, string> {
  return {
    namespaces: `${source.host}/distroless`,
    target: `${target.host}/mirror`,
    ...ACCOUNT,
    engine: 'registry',
    'manifest-path': 'distroless.json',
  };
}
