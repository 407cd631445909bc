import pLimit from 'p-limit';
import type { Platforms } from '../mirror/platforms.ts';
import type { RecordEntry } from '../mirror/record-entry.ts';
import { type SingleImage, type Whole, findTargetImage, readSourceImage } from '../mirror/source-image.ts';
import type { UndeterminedTag } from '../mirror/work.ts';
import type { RegistryClient } from '../oci/client.ts';
import { RegistryError } from '../oci/errors.ts';
import { findTag } from './find-tag.ts';

/** What the target has under an undetermined tag. */
export type Verdict =
  /** The source's image: this is the entry to record. */
  | { readonly kind: 'present'; readonly entry: NonNullable<RecordEntry> }
  /** Another image than the source: the tag must be copied again. */
  | { readonly kind: 'different' }
  /** Nothing: the tag is new. */
  | { readonly kind: 'absent' }
  /** Not looked up, or without an answer: the tag stays as it is. */
  | { readonly kind: 'undetermined' }
  /** The source's image without all of its parts: it must be copied again. Only a check of the content finds this. */
  | { readonly kind: 'hollow' };

export interface JudgedTag {
  readonly undetermined: UndeterminedTag;
  readonly verdict: Verdict;
}

export interface AdoptOptions {
  readonly source: RegistryClient;
  readonly target: RegistryClient;
  /** The target's repository of an image, by its key. */
  readonly targetOf: (image: string) => string;
  readonly platformsOf: (tag: UndeterminedTag) => Platforms;
  /** Pulls to keep in reserve where a registry limits them: the images that wait to be copied need them more. */
  readonly reserve: number;
  /** Number of tags that are looked up at the same time. */
  readonly concurrency: number;
  /** Aborted when the run ends: no tag is looked up any more. */
  readonly signal: AbortSignal;
}

/**
 * Finds out whether the target already has the source's image under each tag: by the digest, otherwise by whether
 * source and target name the same config. Takes one HEAD per tag, and manifest GETs where digests differ; of these it makes
 * no more than the pull limits allow.
 */
export async function adopt(tags: readonly UndeterminedTag[], options: AdoptOptions): Promise<JudgedTag[]> {
  const adopter = new Adopter(options);
  return pLimit(options.concurrency).map(tags, async (undetermined) => ({
    undetermined,
    verdict: await adopter.judge(undetermined),
  }));
}

class Adopter {
  readonly #options: AdoptOptions;
  /** Many tags name one digest; each digest is read once. */
  readonly #sourceImages = new Map<string, Promise<SingleImage | Whole>>();
  #isStopped = false;

  constructor(options: AdoptOptions) {
    this.#options = options;
  }

  async judge(undetermined: UndeterminedTag): Promise<Verdict> {
    const { image, tag, descriptor } = undetermined;
    const { digest } = descriptor;
    const { target, targetOf, signal } = this.#options;
    if (this.#isStopped || signal.aborted) return { kind: 'undetermined' };
    try {
      const found = await findTag(target, targetOf(image), tag);
      if (found === undefined) return { kind: 'absent' };
      if (found === digest) return { kind: 'present', entry: digest };
      return this.#isLimitReached()
        ? { kind: 'undetermined' }
        : await this.#compareConfigs(targetOf(image), undetermined);
    } catch (error) {
      // The end of the run interrupts requests: that says nothing about the tag.
      if (signal.aborted) return { kind: 'undetermined' };
      // An image that can't be read can't be compared. Copying it reports the cause in a clear error.
      if (!(error instanceof RegistryError)) return { kind: 'different' };
      if (error.isRateLimit || error.status === 401 || error.status === 403) this.#isStopped = true;
      return { kind: 'undetermined' };
    }
  }

  async #compareConfigs(targetRepository: string, undetermined: UndeterminedTag): Promise<Verdict> {
    const { tag, descriptor } = undetermined;
    const { digest } = descriptor;
    const image = await this.#readSource(undetermined);
    if (image.kind === 'whole') return { kind: 'different' };
    const found = await findTargetImage(this.#options.target, targetRepository, tag, image);
    if (!found) return { kind: 'different' };
    const platforms = image.platform === undefined ? {} : { platforms: [image.platform] };
    return { kind: 'present', entry: { digest, target: found.digest, ...platforms } };
  }

  async #readSource(undetermined: UndeterminedTag): Promise<SingleImage | Whole> {
    const { source, platformsOf } = this.#options;
    const { repository, descriptor } = undetermined;
    const { digest } = descriptor;
    const platforms = platformsOf(undetermined);
    const key = `${repository}@${digest} ${String(platforms)}`;
    let image = this.#sourceImages.get(key);
    if (!image) this.#sourceImages.set(key, (image = readSourceImage(source, repository, digest, platforms)));
    return image;
  }

  #isLimitReached(): boolean {
    const { source, target, reserve } = this.#options;
    return [source, target].some(
      ({ pullLimit }) => pullLimit !== undefined && pullLimit.remaining <= reserve,
    );
  }
}
