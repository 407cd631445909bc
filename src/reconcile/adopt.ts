import pLimit from 'p-limit';
import type { Platforms } from '../mirror/platforms.ts';
import type { RecordEntry } from '../mirror/record-entry.ts';
import { type SingleImage, type Whole, findTargetImage, readSourceImage } from '../mirror/source-image.ts';
import type { UndeterminedTag } from '../mirror/work.ts';
import type { RegistryClient } from '../oci/client.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';

/** What the evidence says of a tag that gcrsync mirrored. */
export type Verdict =
  /** The target holds it: this is what to record. */
  | { readonly kind: 'present'; readonly entry: NonNullable<RecordEntry> }
  /** The target holds another image under the tag: copy it again. */
  | { readonly kind: 'different' }
  /** The target does not have the tag: it is new. */
  | { readonly kind: 'absent' }
  /** Not looked at, or not to be found out now: it stays as it is. */
  | { readonly kind: 'undetermined' };

export interface AdoptOptions {
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
export async function adopt(
  tags: readonly UndeterminedTag[],
  options: AdoptOptions,
): Promise<{ undetermined: UndeterminedTag; verdict: Verdict }[]> {
  const settler = new Adopter(options);
  return pLimit(options.concurrency).map(tags, async (undetermined) => ({
    undetermined,
    verdict: await settler.judge(undetermined),
  }));
}

class Adopter {
  readonly #options: AdoptOptions;
  /** Many tags name one digest; each is resolved once. */
  readonly #resolved = new Map<string, Promise<SingleImage | Whole>>();
  #stopped = false;

  constructor(options: AdoptOptions) {
    this.#options = options;
  }

  async judge({ image, repository, tag, descriptor: { digest } }: UndeterminedTag): Promise<Verdict> {
    const { target, targetOf } = this.#options;
    if (this.#stopped) return { kind: 'undetermined' };
    try {
      const head = await target.findManifest(targetOf(image), tag);
      if (!head) return { kind: 'absent' };
      if (head.digest === digest) return { kind: 'present', entry: digest };
      return this.#isSpent()
        ? { kind: 'undetermined' }
        : await this.#compareConfigs(targetOf(image), tag, repository, digest);
    } catch (error) {
      // What can't be read can't be compared: copying says why, with a clear error.
      if (!(error instanceof RegistryError)) return { kind: 'different' };
      if (error.isRateLimit || error.status === 401 || error.status === 403) this.#stopped = true;
      return { kind: 'undetermined' };
    }
  }

  async #compareConfigs(
    targetRepository: string,
    tag: string,
    repository: string,
    digest: Digest,
  ): Promise<Verdict> {
    const image = await this.#resolve(repository, digest);
    if (image.kind === 'whole') return { kind: 'different' };
    const found = await findTargetImage(this.#options.target, targetRepository, tag, image);
    if (!found) return { kind: 'different' };
    const platforms = image.platform === undefined ? {} : { platforms: [image.platform] };
    return { kind: 'present', entry: { digest, target: found.digest, ...platforms } };
  }

  async #resolve(repository: string, digest: Digest): Promise<SingleImage | Whole> {
    const { source, platforms } = this.#options;
    const key = `${repository}@${digest}`;
    let image = this.#resolved.get(key);
    if (!image) this.#resolved.set(key, (image = readSourceImage(source, repository, digest, platforms)));
    return image;
  }

  #isSpent(): boolean {
    const { source, target, reserve } = this.#options;
    return [source, target].some(
      ({ pullLimit }) => pullLimit !== undefined && pullLimit.remaining <= reserve,
    );
  }
}
