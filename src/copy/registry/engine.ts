import pLimit, { type LimitFunction } from 'p-limit';
import type { RegistryClient } from '../../oci/client.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Sleep } from '../../oci/host-gate.ts';
import type { RawManifest } from '../../oci/manifest.ts';
import { CopyError, type CopyTask, type Engine, type Held } from '../engine.ts';
import { copyableContent, fetchManifest } from '../evidence.ts';
import type { BlobMemory } from './blob-memory.ts';
import { BlobCopier } from './blobs.ts';
import { TargetKnowledge } from './knowledge.ts';
import { ManifestCopy, type TargetState, settleAll } from './manifest-copy.ts';
import { reduceIndex } from './platforms.ts';

export interface RegistryEngineOptions {
  /** Images that are written at a time; reading ahead and reading back go on beside it. */
  readonly concurrency: number;
  /** What earlier runs knew of a target registry, and where this run leaves what it knows. */
  readonly memory?: (registry: string) => BlobMemory;
  /** Large blobs that are streamed at a time, at most half of the requests that a host takes at a time. */
  readonly streams: number;
  readonly retries: number;
  readonly sleep: Sleep;
  readonly random: () => number;
  /** Aborted when the run must end at once: nothing is kept for the next then. */
  readonly abort?: AbortSignal;
}

/** One target registry, and what is known of it. */
interface Target {
  readonly state: TargetState;
  readonly memory: BlobMemory | undefined;
}

/** While one image is written, two others are read ahead or read back: over a real link most of the time is waiting. */
const OVERLAP = 3;

/** Copies registry to registry over HTTP: manifests byte for byte, blobs streamed, mounted or left where they are. */
export class RegistryEngine implements Engine {
  readonly width: number;
  readonly #options: RegistryEngineOptions;
  readonly #places: LimitFunction;
  readonly #targets = new Map<RegistryClient, Promise<Target>>();

  constructor(options: RegistryEngineOptions) {
    this.#options = options;
    this.#places = pLimit(options.concurrency);
    this.width = options.concurrency * OVERLAP;
  }

  async copy(task: CopyTask, held: (tag: string, what: Held) => void): Promise<number> {
    const { client, repository, digest } = task.source;
    const [{ state }, source] = await Promise.all([
      this.#target(task.target.client),
      fetchManifest(client, repository, digest),
    ]);
    const manifest = reduce(source, task);
    const platforms = manifest === source || task.platforms === 'all' ? {} : { platforms: task.platforms };
    // Believed for now: if it is not so, the target refuses the manifest, and all is brought after all.
    if (task.present && manifest === source) state.knowledge.noteManifest(task.target.repository, digest);
    const waiting = state.asksFirst ? await notHeld(task, manifest.digest) : task.tags;
    for (const tag of task.tags)
      if (!waiting.includes(tag)) held(tag, { digest: manifest.digest, ...platforms });
    if (waiting.length === 0) return 0;
    const copy = new ManifestCopy(task, state);
    await copy.readAhead(manifest);
    const stored: string[] = [];
    const [storing] = await Promise.allSettled([
      this.#places(async () => {
        await copy.bringParts(manifest);
        await settleAll(
          waiting.map(async (tag) => {
            await task.claim(tag);
            stored.push(await copy.put(manifest, tag));
          }),
        );
      }),
    ]);
    await settleAll(
      stored.map(async (tag) => {
        await readBack(task, tag, manifest.digest);
        held(tag, { digest: manifest.digest, ...platforms });
      }),
    );
    if (storing.status === 'rejected') throw storing.reason;
    return copy.sent;
  }

  async close(): Promise<void> {
    for (const target of this.#targets.values()) {
      const { state, memory } = await target;
      if (state.knowledge.changed && this.#options.abort?.aborted !== true)
        await memory?.save(state.knowledge.holders());
    }
  }

  /** Only when there is something to copy: the memory costs requests. */
  async #target(client: RegistryClient): Promise<Target> {
    let target = this.#targets.get(client);
    if (!target) this.#targets.set(client, (target = this.#open(client)));
    return target;
  }

  async #open(client: RegistryClient): Promise<Target> {
    const { memory: memoryOf, streams, concurrency: _, ...options } = this.#options;
    const memory = memoryOf?.(client.registry);
    const knowledge = new TargetKnowledge(await memory?.load());
    const limit = pLimit(Math.max(1, streams));
    const blobs = new BlobCopier({ ...options, target: client, knowledge, limit });
    return { state: { knowledge, blobs, children: new Map(), asksFirst: false }, memory };
  }
}

function reduce(manifest: RawManifest, { source, platforms }: CopyTask): RawManifest {
  const content = copyableContent(manifest, source.client, source.repository);
  if (content.kind !== 'index' || platforms === 'all') return manifest;
  const reduced = reduceIndex(manifest, content.children, platforms);
  if (reduced) return reduced;
  const name = `${source.client.registry}/${source.repository}@${source.digest}`;
  throw new CopyError(
    `${name} has no image for ${platforms.join(', ')}: name another platform in "platforms"`,
    {
      retryable: false,
    },
  );
}

/** The tags under which the target does not hold `digest` yet. */
async function notHeld({ tags, target }: CopyTask, digest: Digest): Promise<string[]> {
  const { client, repository } = target;
  const heads = await Promise.all(
    tags.map(async (tag) => client.findManifest(repository, tag).catch(() => undefined)),
  );
  return tags.filter((_, index) => heads[index]?.digest !== digest);
}

async function readBack({ target }: CopyTask, tag: string, digest: Digest): Promise<void> {
  const head = await target.client.headManifest(target.repository, tag);
  if (head?.digest === digest) return;
  // A header is soon wrong: the manifest itself tells.
  const held = await target.client.getManifest(target.repository, tag);
  if (held?.digest === digest) return;
  const name = `${target.client.registry}/${target.repository}:${tag}`;
  throw new CopyError(
    `${name} was pushed as ${digest}, but the target says it holds ${held?.digest ?? 'nothing'}`,
    {
      retryable: true,
    },
  );
}
