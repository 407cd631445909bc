import { type Namespace, formatNamespace } from '../mirror/namespace.ts';
import { packBins } from './bin-packing.ts';
import type { ImageWork, NamespaceWork } from './namespace-work.ts';

/** A job gets the lines of its lists as an input, and perhaps once more as part of `job-matrix`. */
const MAX_LIST_BYTES = 28_000;

/** The work for one image, with its weight. */
export interface Load extends ImageWork {
  readonly weight: number;
}

/** The work of a namespace. */
export interface Pile {
  readonly namespace: Namespace;
  /** As in `NamespaceWork`. */
  readonly isListOnly: boolean;
  readonly loads: readonly Load[];
  readonly weight: number;
  readonly clashing: readonly string[];
}

/**
 * Spreads work over at most `most` jobs, or more where the lines of lists would not fit into an input. No job gets much more than its
 * fair share, unless a single image is more than that.
 */
export function planJobs(works: readonly NamespaceWork[], most: number): JobPlan[] {
  return fairPlan(weigh(works), most).flatMap(withinInputs);
}

/** Weighs by bytes if the sources report them, by their mean for images without a size, and by tags if no size is known. */
function weigh(works: readonly NamespaceWork[]): Pile[] {
  const all = works.flatMap(({ images }) => images);
  const bytes = all.reduce((sum, image) => sum + image.bytes, 0);
  const unsized = all.reduce((sum, image) => sum + image.unsized, 0);
  const tags = all.reduce((sum, image) => sum + image.tags, 0);
  const mean = bytes > 0 ? bytes / Math.max(1, tags - unsized) : 1;
  const weightOf = (image: ImageWork): number =>
    Math.max(1, bytes > 0 ? image.bytes + image.unsized * mean : image.tags);
  return works
    .filter(({ images }) => images.length > 0)
    .map(({ namespace, images, isListOnly = false, clashing = [] }) => {
      const loads = images
        .map((image) => ({ ...image, weight: weightOf(image) }))
        .toSorted((a, b) => b.weight - a.weight || (a.image < b.image ? -1 : 1));
      return {
        namespace,
        isListOnly,
        loads,
        clashing,
        weight: loads.reduce((sum, { weight }) => sum + weight, 0),
      };
    })
    .toSorted(byName);
}

/** Either whole namespaces in one job, or one namespace in several. */
export type JobPlan =
  | { readonly kind: 'whole'; readonly piles: readonly Pile[] }
  | { readonly kind: 'cut'; readonly pile: Pile; readonly parts: readonly (readonly Load[])[] };

/** The factor by which a job's capacity grows from one try to the next. */
const CAPACITY_STEP = 1.02;

/** The plan with the smallest load per job for which `most` jobs suffice. */
function fairPlan(piles: readonly Pile[], most: number): JobPlan[] {
  const total = piles.reduce((sum, { weight }) => sum + weight, 0);
  for (let capacity = total / most; ; capacity *= CAPACITY_STEP) {
    const plan = planFor(piles, capacity);
    if (plan.reduce((sum, one) => sum + (one.kind === 'cut' ? one.parts.length : 1), 0) <= most) return plan;
  }
}

function planFor(piles: readonly Pile[], capacity: number): JobPlan[] {
  const cuts = piles.map((pile) => ({ kind: 'cut' as const, pile, parts: packBins(pile.loads, capacity) }));
  const small = cuts.filter(({ parts }) => parts.length === 1).map(({ pile }) => pile);
  const wholes = packBins(small.toSorted(heaviestFirst), capacity);
  return [
    ...cuts.filter(({ parts }) => parts.length > 1),
    ...wholes.map((bin) => ({ kind: 'whole' as const, piles: bin.toSorted(byName) })),
  ];
}

/** Cuts what has more lines of lists than an input can hold. */
function withinInputs(plan: JobPlan): JobPlan[] {
  if (plan.kind === 'whole') {
    if (sizeOf(plan.piles.flatMap(({ loads }) => loads)) <= MAX_LIST_BYTES) return [plan];
    const [first, ...others] = plan.piles;
    if (first && others.length > 0) {
      const half = Math.ceil(plan.piles.length / 2);
      return [plan.piles.slice(0, half), plan.piles.slice(half)].flatMap((piles) =>
        withinInputs({ kind: 'whole', piles }),
      );
    }
    return first ? withinInputs({ kind: 'cut', pile: first, parts: [first.loads] }) : [plan];
  }
  const parts = plan.parts.flatMap((loads) => {
    const count = Math.min(loads.length, Math.ceil(sizeOf(loads) / MAX_LIST_BYTES));
    const share = Math.ceil(loads.length / Math.max(1, count));
    return count <= 1
      ? [loads]
      : Array.from({ length: count }, (_, part) => loads.slice(part * share, (part + 1) * share)).filter(
          (some) => some.length > 0,
        );
  });
  return [{ ...plan, parts }];
}

function sizeOf(loads: readonly Load[]): number {
  return loads.reduce(
    (sum, { lines = [] }) => sum + lines.reduce((bytes, line) => bytes + line.length + 1, 0),
    0,
  );
}

function heaviestFirst(a: Pile, b: Pile): number {
  return b.weight - a.weight || byName(a, b);
}

function byName(a: Pile, b: Pile): number {
  return formatNamespace(a.namespace) < formatNamespace(b.namespace) ? -1 : 1;
}
