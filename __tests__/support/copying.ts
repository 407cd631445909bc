import { expect } from 'vitest';
import type { CopyTask } from '../../src/copy/engine.ts';
import type { Holder } from '../../src/copy/registry/blob-memory.ts';
import { RegistryEngine } from '../../src/copy/registry/engine.ts';
import type { RegistryClient } from '../../src/oci/client.ts';
import type { Credential, CredentialLookup } from '../../src/oci/credentials.ts';
import { testRegistries } from './clients.ts';
import { type TestImage, pushImage } from './images.ts';
import type { MemoryRegistry } from './memory-registry.ts';

/** A registry engine between two registries, as a run has it, but without waiting. */
export interface Copying {
  readonly engine: RegistryEngine;
  readonly clients: { readonly source: RegistryClient; readonly target: RegistryClient };
  /** What it left for the next run, each time. */
  readonly saved: Holder[][];
  /** The waits that were asked for, in milliseconds. */
  readonly waits: number[];
}

export interface CopyingOptions {
  /** What an earlier run knew of the target. */
  readonly holders?: readonly Holder[];
  readonly credential?: Credential;
  readonly retries?: number;
  /** Of a request, in milliseconds. */
  readonly timeout?: number;
}

export function startCopying(
  source: Pick<MemoryRegistry, 'host'>,
  target: Pick<MemoryRegistry, 'host'>,
  { holders = [], credential, retries = 3, timeout }: CopyingOptions = {},
): Copying {
  const waits: number[] = [];
  let waited = 0;
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms);
    waited += ms;
  };
  const credentials: CredentialLookup = async () => credential;
  const clock = (): number => Date.now() + waited;
  const registries = testRegistries({
    credentials,
    retries,
    sleep,
    clock,
    ...(timeout !== undefined && { timeout }),
  });
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
    retries,
    sleep,
    random: () => 0.5,
  });
  return { engine, clients, saved, waits };
}

/** A task to copy `image` to `mirror/<repository>`. */
export function taskOf(
  { clients }: Copying,
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

/** Pushes `image` to `<source>/img`, copies it, and gives the tags that the engine told of. */
export async function copyImage(
  source: MemoryRegistry,
  copying: Copying,
  image: TestImage,
  tags: readonly string[] = ['v1'],
): Promise<string[]> {
  await pushImage(source.url, 'img', tags, image);
  const held: string[] = [];
  await copying.engine.copy(taskOf(copying, 'img', image, { tags }), (tag) => held.push(tag));
  return held;
}

/** The error of a copy, as a text. */
export async function failureOf(copied: Promise<unknown>): Promise<string> {
  return copied.then(
    () => 'it was copied',
    (error: unknown) => String(error),
  );
}

/** All manifests below `image` are in `mirror/img`, to the byte, and all that they refer to. */
export function expectHeld(target: MemoryRegistry, image: TestImage, reference = 'v1'): void {
  const held = target.store.manifest('mirror/img', reference);
  expect(held?.digest).toBe(image.digest);
  expect(held?.mediaType).toBe(image.mediaType);
  expect(held && Buffer.from(held.bytes).equals(image.bytes)).toBe(true);
  for (const [digest, bytes] of image.blobs)
    expect(target.store.blob('mirror/img', digest)?.length).toBe(bytes.length);
  for (const child of image.children) expectHeld(target, child, child.digest);
}

/** The digests of blobs that were sent, whole or as the end of several parts. */
export function uploadsTo(target: MemoryRegistry): string[] {
  return target.requests.flatMap(({ method, path }) => {
    const digest = new URL(path, target.url).searchParams.get('digest');
    return method === 'PUT' && digest !== null ? [digest] : [];
  });
}
