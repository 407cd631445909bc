import pLimit from 'p-limit';
import type { Platforms } from '../mirror/platforms.ts';
import type { Entry } from '../mirror/record-entry.ts';
import { type SingleImage, type Whole, findImage, resolveImage } from '../mirror/source-image.ts';
import type { Unsettled } from '../mirror/work.ts';
import type { RegistryClient } from '../oci/client.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';

/** What the evidence says of a tag that gcrsync mirrored. */
export type Verdict =
  /** The target holds it: this is what to record. */
  | { readonly kind: 'held'; readonly entry: NonNullable<Entry> }
  /** The target holds another image under the tag: copy it again. */
  | { readonly kind: 'other' }
  /** The target does not have the tag: it is new. */
  | { readonly kind: 'missing' }
  /** Not looked at, or not to be found out now: it stays as it is. */
  | { readonly kind: 'open' };

export interface SettleOptions {
  readonly source: RegistryClient;
  readonly target: RegistryClient;
  /** The target's repository of an image. */
  readonly targetOf: (image: string) => string;
  readonly platforms: Platforms;
  /** Pulls to leave over where a registry meters them: the images that wait to be copied need them more. */
  readonly reserve: number;
  /** Tags looked at at a time. */
  readonly concurrency: number;
}

/**
 * Finds evidence for each tag: the target's digest, else whether source and target name the same config. Costs a
 * HEAD a tag, and manifest GETs where digests differ, of which it spends no more than the pull limits leave.
 */
export async function settle(
  tags: readonly Unsettled[],
  options: SettleOptions,
): Promise<{ unsettled: Unsettled; verdict: Verdict }[]> {
  const settler = new Settler(options);
  return pLimit(options.concurrency).map(tags, async (unsettled) => ({
    unsettled,
    verdict: await settler.judge(unsettled),
  }));
}

class Settler {
  readonly #options: SettleOptions;
  /** Many tags name one digest; each is resolved once. */
  readonly #resolved = new Map<string, Promise<SingleImage | Whole>>();
  #stopped = false;

  constructor(options: SettleOptions) {
    this.#options = options;
  }

  async judge({ image, repository, tag, manifest: { digest } }: Unsettled): Promise<Verdict> {
    const { target, targetOf } = this.#options;
    if (this.#stopped) return { kind: 'open' };
    try {
      const head = await target.findManifest(targetOf(image), tag);
      if (!head) return { kind: 'missing' };
      if (head.digest === digest) return { kind: 'held', entry: digest };
      return this.#isSpent()
        ? { kind: 'open' }
        : await this.#compareConfigs(targetOf(image), tag, repository, digest);
    } catch (error) {
      // What can't be read can't be compared: copying says why, with a clear error.
      if (!(error instanceof RegistryError)) return { kind: 'other' };
      if (error.status === 429 || error.status === 401 || error.status === 403) this.#stopped = true;
      return { kind: 'open' };
    }
  }

  async #compareConfigs(
    targetRepository: string,
    tag: string,
    repository: string,
    digest: Digest,
  ): Promise<Verdict> {
    const image = await this.#resolve(repository, digest);
    if (image.kind === 'whole') return { kind: 'other' };
    const found = await findImage(this.#options.target, targetRepository, tag, image);
    if (!found) return { kind: 'other' };
    const platforms = image.platform === undefined ? {} : { platforms: [image.platform] };
    return { kind: 'held', entry: { digest, target: found.digest, ...platforms } };
  }

  async #resolve(repository: string, digest: Digest): Promise<SingleImage | Whole> {
    const { source, platforms } = this.#options;
    const key = `${repository}@${digest}`;
    let image = this.#resolved.get(key);
    if (!image) this.#resolved.set(key, (image = resolveImage(source, repository, digest, platforms)));
    return image;
  }

  #isSpent(): boolean {
    const { source, target, reserve } = this.#options;
    return [source, target].some(
      ({ pullLimit }) => pullLimit !== undefined && pullLimit.remaining <= reserve,
    );
  }
}
