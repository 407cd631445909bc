import type { Inputs } from '../inputs/inputs.ts';
import { formatBytes, plural } from '../mirror/format.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import { type ImageWork, type NamespaceWork, planMatrix } from '../plan/matrix.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import { describeResult, dryRunResult } from '../report/result-of.ts';
import type { RunResult } from '../report/result.ts';
import type { Deps } from './deps.ts';
import { prepare } from './prepare.ts';

/** Says what a sync would copy, and how to spread it over jobs. gcrsync's tags are left to these, which settle them. */
export async function plan(inputs: Inputs, deps: Deps): Promise<RunResult> {
  const started = deps.now();
  const { plans, warnings } = await prepare(inputs, deps);
  return deps.phase('Plan', async () => {
    const namespaces = plans.map((one) => dryRunResult(one, inputs.engine));
    for (const result of namespaces) deps.logger.info(describeResult(result));
    const works = plans.flatMap((one) => ('failure' in one ? [] : [workOf(one)]));
    const matrix = planMatrix(works, { maxEntries: inputs.maxShards, filters: inputs });
    deps.logger.info(`The matrix has ${plural(matrix.include.length, 'job')}.`);
    for (const { namespace, part, tags, bytes } of matrix.include) {
      deps.logger.info(
        `${namespace.replaceAll('\n', ', ')} ${part}: ${plural(tags, 'tag')}, ${formatBytes(bytes)}`,
      );
    }
    const finished = deps.now();
    return { mode: 'plan', dryRun: true, started, finished, namespaces, errors: [], warnings, matrix };
  });
}

type Sums = { -readonly [K in keyof ImageWork]: ImageWork[K] };

/** What there is to do, image by image. */
export function workOf({
  settings: { namespace },
  work,
  undetermined,
}: Pick<NamespacePlan, 'work' | 'undetermined'> & {
  readonly settings: Pick<NamespaceSettings, 'namespace'>;
}): NamespaceWork {
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
  for (const { image } of undetermined) sumsOf(image).tags += 1;
  return { namespace, images: Array.from(images.values()) };
}
