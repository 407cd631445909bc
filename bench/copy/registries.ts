import { startDockerRegistry } from '../../__tests__/support/registries/docker-registry.ts';
import type { Traffic } from '../measure/traffic.ts';
import { startMemoryRegistries } from '../servers/memory-registries.ts';
import { startFront } from '../servers/nginx-front.ts';
import { type DataSet, listsOf, upload } from './datasets.ts';

/** An empty registry that a tool copies to. */
export interface Target {
  readonly host: string;
  count(): Promise<Traffic>;
  /** @throws Error if the tool did not copy everything: its measurement would mean nothing */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** A registry that holds a set, and the targets for it. */
export interface Registries {
  readonly host: string;
  count(): Promise<Traffic>;
  openTarget(): Promise<Target>;
  /** Seconds of processor time of source and target together, where they are known. */
  processor(): Promise<number>;
  close(): Promise<void>;
}

export const REGISTRIES: Readonly<Record<string, (set: DataSet) => Promise<Registries>>> = {
  memory: inMemory,
  docker: dockerRegistries,
};

/** Both sides in one process of their own. */
async function inMemory(set: DataSet): Promise<Registries> {
  const registries = await startMemoryRegistries();
  const [source, target] = [await registries.start(), await registries.start()];
  await upload(set, source.url);
  await source.join();
  await source.setLists(listsOf(set));
  return {
    host: source.host,
    count: async () => source.count(),
    processor: async () => registries.processor(),
    openTarget: async () => {
      await target.empty();
      return {
        host: target.host,
        count: async () => target.count(),
        check: async () => {
          await target.verify();
          await check(set, target.url);
        },
        close: async () => target.empty(),
      };
    },
    close: async () => registries.close(),
  };
}

/** docker-registry on both sides. nginx in front of each counts. Each target is a new one. */
async function dockerRegistries(set: DataSet): Promise<Registries> {
  const source = await startDockerRegistry();
  await upload(set, source.url);
  const front = await startFront(source.url, listsOf(set));
  return {
    host: front.host,
    count: async () => Promise.resolve(front.count()),
    processor: async () => Promise.resolve(Number.NaN),
    openTarget: async () => {
      const registry = await startDockerRegistry();
      const front = await startFront(registry.url);
      return {
        host: front.host,
        count: async () => Promise.resolve(front.count()),
        check: async () => check(set, registry.url),
        close: async () => {
          await front.close();
          await registry.close();
        },
      };
    },
    close: async () => {
      await front.close();
      await source.close();
    },
  };
}

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
