import { expect } from 'vitest';
import type { CopyTask } from '../../src/copy/engine.ts';
import type { Holder } from '../../src/copy/registry/blob-memory.ts';
import { RegistryEngine } from '../../src/copy/registry/engine.ts';
import type { RegistryClient } from '../../src/oci/client.ts';
import { testRegistries } from './clients.ts';
import type { TestServer } from './http.ts';
import type { TestImage } from './images.ts';
import type { MemoryRegistry } from './memory-registry.ts';

export interface EngineSetup {
  readonly engine: RegistryEngine;
  readonly clients: { readonly source: RegistryClient; readonly target: RegistryClient };
  /** What it left for the next run. */
  readonly saved: Holder[][];
}

/**
 * The registry engine between two registries, which waits for nothing between tries.
 *
 * @param options.holders what an earlier run left
 */
export function engineBetween(
  source: TestServer,
  target: TestServer,
  {
    holders = [],
    password = '',
    timeout,
  }: { readonly holders?: readonly Holder[]; readonly password?: string; readonly timeout?: number } = {},
): EngineSetup {
  const credential = { username: 'u', password, origin: 'the test' };
  const credentials = async (): Promise<typeof credential | undefined> =>
    password === '' ? undefined : credential;
  const registries = testRegistries({ credentials, ...(timeout !== undefined && { timeout }) });
  const clients = { source: registries.source(source.host), target: registries.target(target.host) };
  const saved: Holder[][] = [];
  const memory = {
    load: async () => holders,
    save: async (news: readonly Holder[]) => void saved.push([...news]),
  };
  const engine = new RegistryEngine({
    memory: () => memory,
    concurrency: 4,
    streams: 10,
    retries: 3,
    sleep: async () => {},
    random: () => 0.5,
  });
  return { engine, clients, saved };
}

/** Copies `image` of `repository` to `mirror/<repository>`. */
export function copyTask(
  { clients }: EngineSetup,
  repository: string,
  image: TestImage,
  options: Partial<Pick<CopyTask, 'tags' | 'platforms' | 'present'>> = {},
): CopyTask {
  return {
    source: { client: clients.source, repository, digest: image.digest },
    target: { client: clients.target, repository: `mirror/${repository}` },
    tags: ['v1'],
    platforms: 'all',
    pulls: 1,
    present: false,
    claim: async () => {},
    ...options,
  };
}

/** All manifests below `image` are in `mirror/img` of the target, to the byte. */
export function expectHeld(
  { store }: Pick<MemoryRegistry, 'store'>,
  image: TestImage,
  reference = 'v1',
): void {
  const held = store.manifest('mirror/img', reference);
  expect(held?.digest).toBe(image.digest);
  expect(held?.mediaType).toBe(image.mediaType);
  expect(held && Buffer.from(held.bytes).equals(image.bytes)).toBe(true);
  for (const [digest, bytes] of image.blobs)
    expect(store.blob('mirror/img', digest)?.length).toBe(bytes.length);
  for (const child of image.children) expectHeld({ store }, child, child.digest);
}
