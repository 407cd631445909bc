import type { Matrix, MatrixEntry } from '../mirror/matrix.ts';
import { formatNamespace } from '../mirror/namespace.ts';
import { narrowPatterns } from '../mirror/patterns.ts';
import type { RecheckTurn } from '../mirror/recheck.ts';
import { MAX_SHARDS, shardOf } from '../mirror/shard.ts';
import { cutRanges } from './bin-packing.ts';
import { type JobPlan, type Load, type Pile, planJobs } from './fair-plan.ts';
import type { NamespaceWork } from './namespace-work.ts';

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

/**
 * Spreads work over at most `maxEntries` jobs. No job gets much more than its fair share, unless a single image is more
 * than that. A namespace that is too much for one job is split by images; small namespaces share a job. The same work
 * results in the same matrix, in whatever order it was found.
 *
 * @throws Error when not even the namespaces and filters fit into GitHub's limit
 */
export function planMatrix(works: readonly NamespaceWork[], options: MatrixOptions): Matrix {
  const { maxEntries, filters, turn, targets, maxBytes = MAX_MATRIX_BYTES } = options;
  const plans = planJobs(works, maxEntries);
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

/** Entries that name their images where the names fit into an input, otherwise entries that name a range of numbers. */
function byImagesThatFit(plan: JobPlan, filters: InputFilters): MatrixEntry[] {
  const entries = byImages(plan, filters);
  const fits = entries.every(({ images }) => Buffer.byteLength(images) <= MAX_INPUT_BYTES);
  return fits ? entries : byNumbers(plan, filters);
}

/** Entries that name their images. */
function byImages(plan: JobPlan, filters: InputFilters): MatrixEntry[] {
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
function byNumbers(plan: JobPlan, filters: InputFilters): MatrixEntry[] {
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
