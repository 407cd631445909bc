import type { Failure } from '../mirror/failure.ts';
import { imageKey, imageOf, targetPathOf } from '../mirror/image-key.ts';
import { formatNamespace } from '../mirror/namespace.ts';
import type { Answer, ImageRequest, RequestedReference } from '../mirror/request.ts';
import type { NamespaceResult } from '../mirror/result.ts';
import type { NamespacePlan, Planned } from '../plan/namespace-plan.ts';

/** A namespace at a target, and what the run did with it. */
interface Done {
  readonly plan: Planned;
  readonly result: NamespaceResult;
}

const UNSUPPORTED = 'the image has the old schema1 format, which current docker and most registries refuse';
const GONE = 'the source no longer has it, and the mirror keeps what it had';

/**
 * What became of each requested image, at each target and under each of its names.
 *
 * @param results those of `plans`, in their order
 */
export function answersTo(
  { images }: ImageRequest,
  plans: readonly Planned[],
  results: readonly NamespaceResult[],
  dryRun: boolean,
): Answer[] {
  const done = plans.flatMap((plan, index) => {
    const result = results[index];
    return result ? [{ plan, result }] : [];
  });
  return images.flatMap((reference) => {
    const name = formatNamespace(reference.namespace);
    return done.filter(({ plan }) => plan.name === name).flatMap((one) => answersAt(reference, one, dryRun));
  });
}

function answersAt(requested: RequestedReference, done: Done, dryRun: boolean): Answer[] {
  const { settings } = done.plan;
  const { line, image, tag, digest } = requested;
  const reference = tag ?? digest ?? 'latest';
  const entries = (settings.list ?? []).filter(
    (entry) =>
      entry.image === image &&
      entry.references?.some((one) => (one.tag ?? one.digest) === reference) === true,
  );
  const names = new Set(entries.flatMap((entry) => entry.names));
  const keys = new Set(
    Array.from(names, (template) => imageKey(template, settings.target, settings.namespace, image)),
  );
  return Array.from(keys, (key): Answer => {
    const repository = `${settings.target.registry}/${targetPathOf(settings, key)}`;
    return { line, reference, repository, ...outcomeOf(done, key, reference, dryRun) };
  });
}

type Found = Pick<Answer, 'state' | 'digest' | 'reason'>;

function outcomeOf({ plan, result }: Done, key: string, reference: string, dryRun: boolean): Found {
  if (plan.kind === 'failure') return { state: 'failed', reason: plan.failure.reason };
  const copied = result.copied.find(
    ({ image, added, updated }) =>
      image === key && (added.includes(reference) || updated.includes(reference)),
  );
  if (copied) return { state: dryRun ? 'planned' : 'mirrored', digest: copied.targetDigest ?? copied.digest };
  const failure = result.failures.find((one) => concerns(one, key, reference));
  if (failure) return { state: 'failed', reason: failure.reason };
  const isIn = (all: readonly { readonly image: string; readonly tags: readonly string[] }[]): boolean =>
    all.some(({ image, tags }) => isOf(image, key) && tags.includes(reference));
  if (isIn(result.unsupported)) return { state: 'failed', reason: UNSUPPORTED };
  if (isIn(result.gone)) return { state: 'failed', reason: GONE };
  if (isOpen(plan, key, reference)) return { state: dryRun ? 'planned' : 'pending' };
  const entry = plan.adopted.get(key)?.get(reference) ?? plan.recorded.images.get(key)?.get(reference);
  if (entry === undefined || entry === null) return { state: 'excluded' };
  return { state: 'present', digest: typeof entry === 'string' ? entry : entry.target };
}

/** A failure without tags is one of the whole image; one without an image, of the whole namespace. */
function concerns({ image, tags }: Failure, key: string, reference: string): boolean {
  return (image === '' || isOf(image, key)) && (tags.length === 0 || tags.includes(reference));
}

/** Failures to list or to look up an image are the same for all of its keys. */
function isOf(image: string, key: string): boolean {
  return image === key || image === imageOf(key);
}

function isOpen({ work, undetermined }: NamespacePlan, key: string, reference: string): boolean {
  return (
    work.some(
      ({ image, added, updated }) =>
        image === key && (added.includes(reference) || updated.includes(reference)),
    ) || undetermined.some(({ image, tag }) => image === key && tag === reference)
  );
}
