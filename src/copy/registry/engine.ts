import pLimit, { type LimitFunction } from 'p-limit';
import type { RegistryClient } from '../../oci/client.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Sleep } from '../../oci/host-gate.ts';
import type { RawManifest } from '../../oci/manifest.ts';
import { CopyError, type CopyTask, type Engine, type Held } from '../engine.ts';
import { copyableContent, fetchManifest } from '../evidence.ts';
import { BlobCopier } from './blobs.ts';
import { TargetKnowledge } from './knowledge.ts';
import { ManifestCopy, type TargetState, settleAll } from './manifest-copy.ts';
import { reduceIndex } from './platforms.ts';

export interface RegistryEngineOptions {
  /** Large blobs that are streamed at a time, at most half of the requests that a host takes at a time. */
  readonly streams: number;
  readonly retries: number;
  readonly sleep: Sleep;
  readonly random: () => number;
}

/** Copies registry to registry over HTTP: manifests byte for byte, blobs streamed, mounted or left where they are. */
export class RegistryEngine implements Engine {
  readonly #options: RegistryEngineOptions;
  readonly #limit: LimitFunction;
  readonly #targets = new Map<RegistryClient, TargetState>();

  constructor(options: RegistryEngineOptions) {
    this.#options = options;
    this.#limit = pLimit(Math.max(1, options.streams));
  }

  /** Says that `repository` of `target` holds the manifest `digest` with all it refers to. */
  noteManifest(target: RegistryClient, repository: string, digest: Digest): void {
    this.#stateOf(target).knowledge.noteManifest(repository, digest);
  }

  async copy(task: CopyTask, held: (tag: string, what: Held) => void): Promise<number> {
    const { client, repository, digest } = task.source;
    const source = await fetchManifest(client, repository, digest);
    const manifest = reduce(source, task);
    const platforms = manifest === source || task.platforms === 'all' ? {} : { platforms: task.platforms };
    const copy = new ManifestCopy(task, this.#stateOf(task.target.client));
    await copy.bringParts(manifest);
    await settleAll(
      task.tags.map(async (tag) => {
        await copy.put(manifest, tag);
        await readBack(task, tag, manifest.digest);
        held(tag, { digest: manifest.digest, ...platforms });
      }),
    );
    return copy.sent;
  }

  async close(): Promise<void> {}

  #stateOf(target: RegistryClient): TargetState {
    let state = this.#targets.get(target);
    if (!state) {
      const knowledge = new TargetKnowledge();
      const blobs = new BlobCopier({ ...this.#options, target, knowledge, limit: this.#limit });
      state = { knowledge, blobs, children: new Map() };
      this.#targets.set(target, state);
    }
    return state;
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

async function readBack({ target }: CopyTask, tag: string, digest: Digest): Promise<void> {
  const head = await target.client.headManifest(target.repository, tag);
  if (head?.digest === digest) return;
  const name = `${target.client.registry}/${target.repository}:${tag}`;
  throw new CopyError(
    `${name} was pushed as ${digest}, but the target says it holds ${head?.digest ?? 'nothing'}`,
    {
      retryable: true,
    },
  );
}
