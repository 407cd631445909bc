import { referenceSeparator } from '../oci/digest.ts';
import { type Failure, countTags, describeFailed } from '../mirror/failure.ts';
import { formatCount, plural } from '../mirror/format.ts';
import { type NamespaceResult, countAll, countDrift } from '../mirror/result.ts';
import { type FailureGroup, groupFailures } from './failure-groups.ts';
import type { RunResult } from './result.ts';

/** A message that GitHub shows above the log and next to the job. */
export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly message: string;
}

/** GitHub shows at most 10 annotations of each level per step. */
const MAX_PER_LEVEL = 10;
/** Images that an error names if several failed for one cause. */
const NAMES_PER_CAUSE = 5;
/** GitHub cuts longer annotations off. */
const MAX_CHARACTERS = 4096;

/**
 * The problems of a run: the total of failed tags, then errors of the run itself, then the failures by cause. If all failures have
 * one cause, they are one error, which has the total.
 */
export function annotate({ namespaces, errors, warnings, stopped }: RunResult): Annotation[] {
  const groups = groupFailures(namespaces);
  const causes = groups.map(describeGroup);
  const problems = [...(groups.length > 1 ? [describeAll(namespaces)] : []), ...errors, ...causes];
  return [
    ...problems.slice(0, MAX_PER_LEVEL).map((message) => annotation('error', message)),
    ...(stopped ?? []).slice(0, MAX_PER_LEVEL).map((message) => annotation('notice', message)),
    ...[...inputWarnings(warnings), ...schema1Warnings(namespaces), ...driftWarnings(namespaces)].slice(
      0,
      MAX_PER_LEVEL,
    ),
  ];
}

/** `2 tags and 1 namespace could not be mirrored: 2 in gcr.io/distroless, registry.k8s.io` */
function describeAll(namespaces: RunResult['namespaces']): string {
  const totals = namespaces.filter(({ failures }) => failures.length > 0).map(describeTotal);
  const failed = describeFailed(namespaces.flatMap((result) => result.failures));
  return `${failed} could not be mirrored: ${totals.join(', ')}`;
}

/** Reasons of namespaces name them already. */
function describeGroup({ reason, members }: FailureGroup): string {
  const [first] = members;
  if (!first) return reason;
  const names = members.slice(0, NAMES_PER_CAUSE).map(({ namespace, failure }) => nameOf(namespace, failure));
  const [name = ''] = names;
  if (members.length === 1) return reason.startsWith(`${name} `) ? reason : `${name}: ${reason}`;
  const failed = describeFailed(members.map(({ failure }) => failure));
  const more = members.length > names.length ? ` and ${members.length - names.length} more` : '';
  return `${failed} could not be mirrored (${names.join('; ')}${more}): ${reason}`;
}

/** `2 in gcr.io/distroless`, or the name alone if the namespace itself failed. */
function describeTotal(result: NamespaceResult): string {
  const { failures, namespace } = result;
  const isWhole = failures.every(({ image, tags }) => image === '' && tags.length === 0);
  return isWhole ? namespace : `${formatCount(countAll([result]).failed)} in ${namespace}`;
}

function inputWarnings(warnings: readonly string[]): Annotation[] {
  return warnings.slice(0, MAX_PER_LEVEL / 2).map((message) => annotation('warning', message));
}

function driftWarnings(namespaces: RunResult['namespaces']): Annotation[] {
  return namespaces
    .filter((result) => countDrift(result) > 0)
    .slice(0, MAX_PER_LEVEL - 1)
    .map(({ namespace, target, drift }) => {
      const kinds = [
        { images: drift?.missing ?? [], difference: 'is missing' },
        { images: drift?.changed ?? [], difference: 'does not have the recorded digest' },
        { images: drift?.hollow ?? [], difference: 'lacks blobs or manifests of its image' },
      ];
      const parts = kinds
        .filter(({ images }) => images.length > 0)
        .map(({ images: [first = { image: '', tags: [] }, ...more], difference }) => {
          const rest = countTags(more);
          return `${nameOf(namespace, { ...first, reason: '' })}${rest > 0 ? ` and ${rest} more` : ''} ${difference}`;
        });
      return annotation(
        'warning',
        `${target}: ${parts.join('; ')}. The next sync copies again what the source still has`,
      );
    });
}

function schema1Warnings(namespaces: RunResult['namespaces']): Annotation[] {
  const images = namespaces.flatMap(({ namespace, unsupported }) =>
    unsupported.map(({ image, tags }) => ({ name: `${namespace}/${image}`, tags: tags.length })),
  );
  if (images.length === 0) return [];
  const tags = images.reduce((sum, image) => sum + image.tags, 0);
  const names = images.slice(0, 5).map(({ name }) => name);
  const more = images.length > names.length ? ` and ${images.length - names.length} more` : '';
  return [
    annotation(
      'warning',
      `Skipped ${plural(tags, 'tag')} of ${plural(images.length, 'image')} in the obsolete schema1 format, which current docker ` +
        `and most registries reject: ${names.join(', ')}${more}. Add them to "exclude" to silence this warning`,
    ),
  ];
}

/** `gcr.io/distroless/base:v1, v2 and 3 more` */
export function nameOf(namespace: string, { image, tags }: Failure): string {
  if (image === '') return namespace;
  const [shown, rest] = [tags.slice(0, 3).join(', '), tags.length - 3];
  return `${namespace}/${image}${shown === '' ? '' : `${referenceSeparator(tags[0] ?? '')}${shown}`}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function annotation(level: Annotation['level'], message: string): Annotation {
  return {
    level,
    message: message.length > MAX_CHARACTERS ? `${message.slice(0, MAX_CHARACTERS - 1)}…` : message,
  };
}
