import { type Failure, countTags } from '../mirror/failure.ts';
import { formatCount, plural } from '../mirror/format.ts';
import { countAll, countDrift } from '../mirror/result.ts';
import type { RunResult } from './result.ts';

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly message: string;
}

/** GitHub shows this many of each type a step, of so many characters each. */
const MOST_OF_A_LEVEL = 10;
const LONGEST_CHARACTERS = 4096;

/** What is wrong with a run: the totals first, then the run's own errors, then the first failures. */
export function annotate({ namespaces, errors, warnings, stopped }: RunResult): Annotation[] {
  const { failed } = countAll(namespaces);
  const failures = namespaces.flatMap(({ namespace, failures }) =>
    failures.map((failure) => `${nameOf(namespace, failure)}: ${failure.reason}`),
  );
  const totals = namespaces
    .filter(({ failures }) => failures.length > 0)
    .map((result) => `${formatCount(countAll([result]).failed)} in ${result.namespace}`);
  const total = failed > 0 ? [`${plural(failed, 'tag')} could not be mirrored: ${totals.join(', ')}`] : [];
  const wrong = [...total, ...errors, ...failures].slice(0, MOST_OF_A_LEVEL);
  return [
    ...wrong.map((message) => annotation('error', message)),
    ...(stopped ?? []).slice(0, MOST_OF_A_LEVEL).map((message) => annotation('notice', message)),
    ...[...warned(warnings), ...unsupported(namespaces), ...drifted(namespaces)].slice(0, MOST_OF_A_LEVEL),
  ];
}

function warned(warnings: readonly string[]): Annotation[] {
  return warnings.slice(0, MOST_OF_A_LEVEL / 2).map((message) => annotation('warning', message));
}

function drifted(namespaces: RunResult['namespaces']): Annotation[] {
  return namespaces
    .filter((result) => countDrift(result) > 0)
    .slice(0, MOST_OF_A_LEVEL - 1)
    .map(({ namespace, target, drift }) => {
      const kinds = [
        { images: drift?.missing ?? [], how: 'is not there' },
        { images: drift?.changed ?? [], how: 'has another digest than is recorded' },
      ];
      const parts = kinds
        .filter(({ images }) => images.length > 0)
        .map(({ images: [first = { image: '', tags: [] }, ...more], how }) => {
          const rest = countTags(more);
          return `${nameOf(namespace, { ...first, reason: '' })}${rest > 0 ? ` and ${rest} more` : ''} ${how}`;
        });
      return annotation(
        'warning',
        `${target}: ${parts.join('; ')}. The next sync brings what the source still has`,
      );
    });
}

function unsupported(namespaces: RunResult['namespaces']): Annotation[] {
  const images = namespaces.flatMap(({ namespace, unsupported }) =>
    unsupported.map(({ image, tags }) => ({ name: `${namespace}/${image}`, tags: tags.length })),
  );
  if (images.length === 0) return [];
  const tags = images.reduce((sum, image) => sum + image.tags, 0);
  const some = images.slice(0, 5).map(({ name }) => name);
  const more = images.length > some.length ? ` and ${images.length - some.length} more` : '';
  return [
    annotation(
      'warning',
      `Left out: ${plural(tags, 'tag')} of ${plural(images.length, 'image')} of the old schema1 format, which current docker ` +
        `and most registries refuse: ${some.join(', ')}${more}. "exclude" silences this`,
    ),
  ];
}

/** `gcr.io/distroless/base:v1, v2 and 3 more` */
export function nameOf(namespace: string, { image, tags }: Failure): string {
  if (image === '') return namespace;
  const [some, rest] = [tags.slice(0, 3).join(', '), tags.length - 3];
  return `${namespace}/${image}${some === '' ? '' : `:${some}`}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function annotation(level: Annotation['level'], message: string): Annotation {
  return {
    level,
    message: message.length > LONGEST_CHARACTERS ? `${message.slice(0, LONGEST_CHARACTERS - 1)}…` : message,
  };
}
