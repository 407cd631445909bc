import type { Matrix, MatrixEntry } from '../mirror/matrix.ts';
import { type Namespace, formatNamespace } from '../mirror/namespace.ts';
import { narrowPatterns } from '../mirror/patterns.ts';
import type { RecheckTurn } from '../mirror/recheck.ts';
import { MAX_SHARDS, shardOf } from '../mirror/shard.ts';
import { cutRanges, packBins } from './bin-packing.ts';
import type { ImageWork, NamespaceWork } from './namespace-work.ts';

/** Limits and filters of a plan. */
export interface MatrixOptions {
  readonly maxEntries: number;
  /** The filters of the plan's inputs, which jobs need in addition to those of a config file. */
  readonly filters: InputFilters;
  /** The tags that the jobs recheck. */
  readonly turn?: RecheckTurn;
  /** The targets of the plan's inputs, as lines. Absent where there is one. */
  readonly targets?: string;
  /** Largest size of the JSON, in bytes of UTF-16, two per character. */
  readonly maxBytes?: number;
}

/** The inputs `include` and `exclude` of a plan. */
export interface InputFilters {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** GitHub accepts 1 MB of outputs per job, in UTF-16. Part of that is left for the other outputs. */
const MAX_MATRIX_BYTES = 900_000;
/** An input is an environment variable, with its name, of at most 32,767 characters on Windows and 131,071 bytes on Linux. */
const MAX_INPUT_BYTES = 32_000;

/** A job gets the lines of its lists as an input, and perhaps once more as part of `job-matrix`. */
const MAX_LIST_BYTES = 28_000;

/** The work for one image, with its weight. */
interface Load extends ImageWork {
  readonly weight: number;
}

interface Pile {
  readonly namespace: Namespace;
  /** As in `NamespaceWork`. */
  readonly isListOnly: boolean;
  readonly loads: readonly Load[];
  readonly weight: number;
  readonly clashing: readonly string[];
}

/**
 * Spreads work over at most `maxEntries` jobs. No job gets much more than its fair share, unless a single image is more
 * than that. A namespace that is too much for one job is split by images; small namespaces share a job. The same work
 * results in the same matrix, in whatever order it was found.
 *
 * @throws Error when not even the namespaces and filters fit into GitHub's limit
 */
export function planMatrix(works: readonly NamespaceWork[], options: MatrixOptions): Matrix {
  const { maxEntries, filters, turn, targets, maxBytes = MAX_MATRIX_BYTES } = options;
  const plans = fairPlan(weigh(works), maxEntries).flatMap(withinInputs);
  const shared = { ...(turn && turnValues(turn)), ...(targets !== undefined && { target: targets }) };
  for (const render of [byImagesThatFit, byNumbers]) {
    const entries = plans.flatMap((plan) => render(plan, filters));
    const matrix = { include: entries.map((one) => ({ ...one, ...shared })) };
    if (JSON.stringify(matrix).length * 2 <= maxBytes) return matrix;
  }
  throw new Error(
    `The matrix would have more than ${maxBytes} bytes, which GitHub does not accept: name fewer namespaces per plan, ` +
      'or shorten "include" and "exclude"',
  );
}

function turnValues({ day, last, key }: RecheckTurn): Partial<MatrixEntry> {
  return { 'recheck-day': day, 'recheck-last': last, ...(key !== undefined && { 'recheck-key': key }) };
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
type Plan =
  | { readonly kind: 'whole'; readonly piles: readonly Pile[] }
  | { readonly kind: 'cut'; readonly pile: Pile; readonly parts: readonly (readonly Load[])[] };

/** The factor by which a job's capacity grows from one try to the next. */
const CAPACITY_STEP = 1.02;

/** The plan with the smallest load per job for which `most` jobs suffice. */
function fairPlan(piles: readonly Pile[], most: number): Plan[] {
  const total = piles.reduce((sum, { weight }) => sum + weight, 0);
  for (let capacity = total / most; ; capacity *= CAPACITY_STEP) {
    const plan = planFor(piles, capacity);
    if (plan.reduce((sum, one) => sum + (one.kind === 'cut' ? one.parts.length : 1), 0) <= most) return plan;
  }
}

function planFor(piles: readonly Pile[], capacity: number): Plan[] {
  const cuts = piles.map((pile) => ({ kind: 'cut' as const, pile, parts: packBins(pile.loads, capacity) }));
  const small = cuts.filter(({ parts }) => parts.length === 1).map(({ pile }) => pile);
  const wholes = packBins(small.toSorted(heaviestFirst), capacity);
  return [
    ...cuts.filter(({ parts }) => parts.length > 1),
    ...wholes.map((bin) => ({ kind: 'whole' as const, piles: bin.toSorted(byName) })),
  ];
}

/** Cuts what has more lines of lists than an input can hold. */
function withinInputs(plan: Plan): Plan[] {
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

/** Entries that name their images where the names fit into an input, otherwise entries that name a range of numbers. */
function byImagesThatFit(plan: Plan, filters: InputFilters): MatrixEntry[] {
  const entries = byImages(plan, filters);
  const fits = entries.every(({ images }) => Buffer.byteLength(images) <= MAX_INPUT_BYTES);
  return fits ? entries : byNumbers(plan, filters);
}

/** Entries that name their images. */
function byImages(plan: Plan, filters: InputFilters): MatrixEntry[] {
  if (plan.kind === 'cut') {
    return plan.parts.map((loads, index) =>
      matrixEntryOf([plan.pile], loads, filters, {
        // The lines of a list name its images.
        ...(!plan.pile.isListOnly && { images: loads }),
        part: `${index + 1}/${plan.parts.length}`,
      }),
    );
  }
  const [first, ...others] = plan.piles;
  const loads = plan.piles.flatMap((pile) => pile.loads);
  // Entries with several namespaces name no images, as a name would apply to all of them.
  return [
    matrixEntryOf(
      plan.piles,
      loads,
      filters,
      first && others.length === 0 && !first.isListOnly ? { images: first.loads } : {},
    ),
  ];
}

/** Entries that name a range of image numbers: their size does not depend on the names. */
function byNumbers(plan: Plan, filters: InputFilters): MatrixEntry[] {
  if (plan.kind === 'whole')
    return [
      matrixEntryOf(
        plan.piles,
        plan.piles.flatMap(({ loads }) => loads),
        filters,
        {},
      ),
    ];
  if (plan.pile.isListOnly) return byImages(plan, filters);
  const { namespace } = plan.pile;
  const numbered = plan.pile.loads
    .map((load) => ({ ...load, number: shardOf(namespace, load.image, MAX_SHARDS) }))
    .toSorted((a, b) => a.number - b.number);
  const ranges = cutRanges(numbered, plan.parts.length, MAX_SHARDS);
  return ranges.map(({ first, last, items }, index) =>
    matrixEntryOf([plan.pile], items, filters, {
      part: `${index + 1}/${ranges.length}`,
      range: `${first}-${last}`,
    }),
  );
}

interface EntryDetails {
  /** Only these images. Default: all that the filters select. */
  readonly images?: readonly Load[];
  readonly part?: string;
  readonly range?: string;
}

function matrixEntryOf(
  piles: readonly Pile[],
  loads: readonly Load[],
  { include, exclude }: InputFilters,
  { images, part = '1/1', range }: EntryDetails,
): MatrixEntry {
  const names = images?.map(({ image }) => image).toSorted();
  const whole = piles.filter(({ isListOnly }) => !isListOnly);
  const list = loads.flatMap(({ lines = [] }) => lines).toSorted();
  const all = { range: `0-${MAX_SHARDS - 1}`, total: MAX_SHARDS };
  const shard = list.length > 0 ? all : { range: '0', total: 1 };
  return {
    namespace: whole.map(({ namespace }) => formatNamespace(namespace)).join('\n'),
    images: (names ? names.flatMap((image) => narrowPatterns(include, image)) : include).join('\n'),
    exclude: (names ? exclude : [...exclude, ...clashesOf(piles, exclude)]).join('\n'),
    ...(list.length > 0 && { list: list.join('\n') }),
    // All numbers: that tells a job, which knows its part of the lists only, that a plan made it.
    'shard-index': range ?? shard.range,
    'shard-total': range === undefined ? shard.total : MAX_SHARDS,
    part,
    tags: loads.reduce((sum, { tags }) => sum + tags, 0),
    bytes: loads.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/**
 * The images that a job without names must leave out: it sees only its own namespaces, and not what their names clash with. A
 * filter applies to all namespaces of a job, therefore it can't name an image that another of them has to copy.
 */
function clashesOf(piles: readonly Pile[], exclude: readonly string[]): string[] {
  const clashing = new Set(piles.flatMap((pile) => pile.clashing));
  for (const { image } of piles.flatMap(({ loads }) => loads)) clashing.delete(image);
  const names = Array.from(clashing).toSorted();
  return Buffer.byteLength([...exclude, ...names].join('\n')) <= MAX_INPUT_BYTES ? names : [];
}

function heaviestFirst(a: Pile, b: Pile): number {
  return b.weight - a.weight || byName(a, b);
}

function byName(a: Pile, b: Pile): number {
  return formatNamespace(a.namespace) < formatNamespace(b.namespace) ? -1 : 1;
}
