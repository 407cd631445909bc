import { imageOf } from '../mirror/image-key.ts';
import type { Namespace } from '../mirror/namespace.ts';
import { listLines } from './list-lines.ts';
import type { NamespacePlan } from './namespace-plan.ts';

/** The amount of work for one image. */
export interface ImageWork {
  readonly image: string;
  /** What lists name of the image, as lines of the input `images`. Absent: nothing. */
  readonly lines?: readonly string[];
  readonly tags: number;
  /** Bytes, as far as the source reports sizes. */
  readonly bytes: number;
  /** Number of manifests whose size the source does not report. */
  readonly unsized: number;
}

/** A namespace, and its images with work, for all targets together. */
export interface NamespaceWork {
  readonly namespace: Namespace;
  /** True when only the lines of its images are mirrored. */
  readonly isListOnly?: boolean;
  readonly images: readonly ImageWork[];
  /** Images that no job may copy, as another source's image has the same name at the target. Absent: none. */
  readonly clashing?: readonly string[];
}

type Sums = { -readonly [K in keyof ImageWork]: ImageWork[K] };

/** The work of all plans, by namespace: a job copies an image to all of its targets, so that it reads the source once. */
export function worksOf(plans: readonly NamespacePlan[]): NamespaceWork[] {
  const byName = Map.groupBy(plans, ({ name }) => name);
  return Array.from(byName.values(), workOfNamespace);
}

function workOfNamespace(plans: readonly NamespacePlan[]): NamespaceWork {
  const [first] = plans;
  if (!first) throw new Error('A namespace has at least one plan');
  const isListOnly = plans.every(({ settings }) => settings.isListOnly === true);
  const { images, clashing, ...rest } = workOf(first.settings.namespace, {
    work: plans.flatMap(({ work }) => work),
    undetermined: plans.flatMap(({ undetermined }) => undetermined),
    clashing: plans.flatMap((plan) => plan.clashing ?? []),
  });
  const lines = listLines(plans);
  return {
    ...rest,
    images: images.map((one) => {
      const own = lines.get(one.image);
      return own ? { ...one, lines: own } : one;
    }),
    ...(isListOnly && { isListOnly }),
    ...(clashing && clashing.length > 0 && { clashing }),
  };
}

/** Adds up work by image. Undetermined tags count too, as the jobs look them up. */
export function workOf(
  namespace: Namespace,
  { work, undetermined, clashing }: Pick<NamespacePlan, 'work' | 'undetermined' | 'clashing'>,
): NamespaceWork {
  const images = new Map<string, Sums>();
  const sumsOf = (key: string): Sums => {
    const image = imageOf(key);
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
