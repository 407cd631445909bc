import type { Namespace } from '../mirror/namespace.ts';
import type { ExactReference } from '../mirror/settings.ts';
import { targetRepository } from '../mirror/target-names.ts';
import { printable } from '../oci/errors.ts';
import { isRepositoryName } from '../oci/names.ts';
import type { ConfigPart, ReadPart } from './config-part.ts';
import type { ConfigImage } from './config-schema.ts';
import { listOf, show } from './reader.ts';
import { type ImageReference, parseExactReference, parseReference } from './reference.ts';
import { type Settings, templateProblem } from './settings.ts';
import type { YamlFile } from './yaml-file.ts';

/** An image that a list names, with what is said about it alone. */
export interface ListedImage {
  readonly namespace: Namespace;
  readonly image: string;
  /** Absent: all tags that the filters select. */
  readonly references?: readonly ExactReference[];
  /** Templates of its names at the target. Absent: what applies to all images. */
  readonly names?: readonly string[];
  readonly own: Settings;
}

const FILTER_KEYS = ['include', 'exclude', 'semver', 'newer-than', 'latest'] as const;

/** Reads the config file's list of images. Problems are left in `file`. */
export function readImages(
  file: YamlFile,
  entries: readonly ConfigImage[],
  read: ReadPart,
): (ConfigPart & ListedImage)[] {
  return entries.flatMap(({ source, tags, name, ...settings }, index) => {
    const at = ['images', index] as const;
    const part = read(settings, at);
    const reference = parseReference(source.trim());
    if (typeof reference === 'string') {
      file.problem(
        [...at, 'source'],
        `${show(printable(source))} is not an image reference: ${printable(reference)}`,
      );
      return [];
    }
    const { namespace, image } = reference;
    const references = readReferences(file, at, reference, { tags, ...settings });
    const names = name === undefined ? undefined : readNames(file, at, textsOf(name), reference);
    return [{ ...part, namespace, image, ...(references && { references }), ...(names && { names }) }];
  });
}

type Place = readonly ['images', number];

/** The exact references of an entry; undefined if it has filters. */
function readReferences(
  file: YamlFile,
  at: Place,
  { tag, digest }: ImageReference,
  entry: Pick<ConfigImage, 'tags' | (typeof FILTER_KEYS)[number]>,
): ExactReference[] | undefined {
  const filter = FILTER_KEYS.find((key) => entry[key] !== undefined);
  const isExact = tag !== undefined || digest !== undefined;
  if (filter !== undefined) {
    if (isExact || entry.tags !== undefined) {
      const exact = isExact ? 'a source with a tag or digest' : 'exact tags';
      file.problem([...at, filter], `is for an entry without ${exact}: use an entry for each`);
    }
    return undefined;
  }
  if (entry.tags === undefined)
    return [isExact ? { ...(tag !== undefined && { tag }), ...(digest && { digest }) } : { tag: 'latest' }];
  const keys = [...at, 'tags'];
  if (isExact) file.problem(keys, 'is for a source without a tag or digest: remove one of them');
  const texts = textsOf(entry.tags);
  if (texts.length === 0) file.problem(keys, 'is empty: name a tag, or remove this key');
  return texts.flatMap((text) => {
    const reference = parseExactReference(text);
    if (typeof reference !== 'string') return [reference];
    file.problem(keys, `${show(printable(text))} is neither a tag nor a digest: ${printable(reference)}`);
    return [];
  });
}

const SAMPLE_TARGET: Namespace = { registry: 'registry.example', path: '' };

function readNames(
  file: YamlFile,
  at: Place,
  names: readonly string[],
  { namespace, image }: ImageReference,
): string[] {
  const keys = [...at, 'name'];
  if (names.length === 0) file.problem(keys, 'is empty: give a name, or remove this key');
  for (const name of names) {
    const problem = templateProblem(name);
    if (problem !== undefined) file.problem(keys, problem);
    else if (!isRepositoryName(targetRepository(name, SAMPLE_TARGET, namespace, image)))
      file.problem(keys, `${show(printable(name))} is not the name of a repository for this image`);
  }
  return Array.from(new Set(names));
}

function textsOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? listOf(value) : value.map((text) => text.trim());
}
