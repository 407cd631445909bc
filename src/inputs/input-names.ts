import type { InputSource } from './input-source.ts';

/** The inputs that action.yml declares, in its order. */
export const INPUT_NAMES = [
  'namespaces',
  'images',
  'images-file',
  'target',
  'config',
  'username',
  'password',
  'source-username',
  'source-password',
  'registry-auth',
  'mode',
  'dry-run',
  'engine',
  'registry',
  'include',
  'exclude',
  'semver',
  'latest',
  'newer-than',
  'recheck',
  'platforms',
  'referrers',
  'target-name',
  'metadata-repository',
  'metadata-branch',
  'github-token',
  'workflow-token',
  'manifest-path',
  'changelog-path',
  'record',
  'reports',
  'timezone',
  'commit-message',
  'committer',
  'shard-index',
  'shard-total',
  'job-total',
  'max-shards',
  'job-time',
  'concurrency',
  'query-concurrency',
  'http-timeout',
  'retries',
  'time-limit',
  'checkpoint',
  'proxy',
  'insecure-registries',
  'trusted-hosts',
  'comment',
  'request',
  'request-accounts',
  'job-matrix',
  'fail-on-error',
  'compare-content',
  'cache',
  'monitor-count',
  'monitor-interval',
] as const;

/** Former names, which work until the next major version, and today's. For each, action.yml has a `deprecationMessage`. */
export const RENAMED_INPUTS: ReadonlyMap<string, string> = new Map();

/** A variable of the step that is close to an input's. */
export interface MisspeltInput {
  /** As the workflow has it, in lower case. */
  readonly name: string;
  readonly nearest: string;
}

/** The inputs of a step under the names of today. */
export interface NamedInputs {
  /** Returns an input's trimmed text; under its right name or else under another. */
  readonly get: (name: string) => string;
  readonly misspelt: readonly MisspeltInput[];
}

/**
 * Finds the inputs that a workflow has under another name: a former one, or a misspelt one. The runner passes whatever is below
 * `with:` in a variable `INPUT_…`, in upper case and with `_` for spaces. Names that are close to no input are left to the runner,
 * which warns about them: such a variable may as well come from a container or the job.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax#inputs
 */
export function resolveNames(
  { get, env }: Pick<InputSource, 'get' | 'env'>,
  renamed: ReadonlyMap<string, string> = RENAMED_INPUTS,
): NamedInputs {
  const declared = new Set<string>([...INPUT_NAMES, ...renamed.keys()]);
  const misspelt = Object.keys(env).flatMap((variable): MisspeltInput[] => {
    const name = /^INPUT_([^a-z]+)$/.exec(variable)?.[1]?.toLowerCase() ?? '';
    const nearest = name === '' || declared.has(name) ? undefined : nearestInput(name);
    return nearest === undefined ? [] : [{ name, nearest }];
  });
  const others = new Map<string, string>();
  for (const { name, nearest } of misspelt) others.set(nearest, name);
  const former = new Map(Array.from(renamed, ([old, name]) => [name, old]));
  const getOther = (name: string | undefined): string => (name === undefined ? '' : get(name));
  return {
    // A former name comes first: today's may have a default. A misspelt one is an error; its value keeps the input from being missed.
    get: (name) => getOther(former.get(name)) || get(name) || getOther(others.get(name)),
    misspelt,
  };
}

/** The input whose name is closest to `name`; undefined if none is close. */
export function nearestInput(name: string): string | undefined {
  const words = name.replaceAll(/[_ ]/g, '-');
  const containing = INPUT_NAMES.filter((input) => isPartOf(words, input));
  if (containing.length === 1) return containing[0];
  const [closest] = INPUT_NAMES.map((input) => ({ input, distance: editDistance(words, input) }))
    .filter(({ input, distance }) => distance <= Math.floor(Math.max(words.length, input.length) / 3))
    .toSorted((a, b) => a.distance - b.distance);
  return closest?.input;
}

/** True for the start of `input`, or its last words: `user` of `username`, `repository` of `metadata-repository`. */
function isPartOf(words: string, input: string): boolean {
  return words.length >= 4 && words !== input && (input.startsWith(words) || input.endsWith(`-${words}`));
}

/**
 * The number of characters to insert, remove, replace or swap with their neighbour.
 * https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance#Optimal_string_alignment_distance
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isEqual = a[row - 1] === b[column - 1];
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + (isEqual ? 0 : 1),
          isSwapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length] ?? 0;
}
