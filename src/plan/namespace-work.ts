import type { Namespace } from '../mirror/namespace.ts';
import type { NamespacePlan } from './namespace-plan.ts';

/** The amount of work for one image. */
export interface ImageWork {
  readonly image: string;
  readonly tags: number;
  /** Bytes, as far as the source reports sizes. */
  readonly bytes: number;
  /** Number of manifests whose size the source does not report. */
  readonly unsized: number;
}

/** A namespace, and its images with work. */
export interface NamespaceWork {
  readonly namespace: Namespace;
  readonly images: readonly ImageWork[];
  /** Images that no job may copy, as another source's image has the same name at the target. Absent: none. */
  readonly clashing?: readonly string[];
}

type Sums = { -readonly [K in keyof ImageWork]: ImageWork[K] };

/** Adds up the work of `plan` by image. Undetermined tags count too, as the jobs look them up. */
export function workOf(
  namespace: Namespace,
  { work, undetermined, clashing }: Pick<NamespacePlan, 'work' | 'undetermined' | 'clashing'>,
): NamespaceWork {
  const images = new Map<string, Sums>();
  const sumsOf = (image: string): Sums => {
    const sums = images.get(image) ?? { image, tags: 0, bytes: 0, unsized: 0 };
    images.set(image, sums);
    return sums;
  };
  for (const { image, descriptor, added, updated } of work) {
    const sums = sumsOf(image);
    sums.tags += added.length + updated.length;
    sums.bytes += descriptor.size ?? 0;
    if (descriptor.size === undefined) sums.unsized += 1;
  }
  for (const { image } of undetermined) {
    const sums = sumsOf(image);
    sums.tags += 1;
    // Its bytes are only copied if the look-up does not find it in the target.
    sums.unsized += 1;
  }
  return { namespace, images: Array.from(images.values()), ...(clashing && { clashing }) };
}
