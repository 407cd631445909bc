import * as v from 'valibot';
import { isNamespaceName } from '../mirror/namespace.ts';
import { ManifestError, parseNamespaceManifest } from '../record/namespace-manifest.ts';
import { type Catalogue, type CataloguePart, compare, partOf } from './catalogue.ts';

/** The files of a branch: the SHA that git gives their content, by path. */
export type FileShas = ReadonlyMap<string, string>;

/**
 * Paths of the files that have to be read to bring `catalogue` up to date: namespace manifests that changed since, and
 * files that may be new ones. Each file that the catalogue knows is read only if its SHA changed.
 *
 * @param template the input `manifest-path`
 * @param folder the catalogue's folder, which holds no namespace manifest
 */
export function staleManifests(
  catalogue: Catalogue,
  files: FileShas,
  template: string,
  folder: string,
): string[] {
  const known = new Map(catalogue.map(({ path, sha }) => [path, sha]));
  const pattern = manifestPattern(template);
  return Array.from(files)
    .filter(([path, sha]) => {
      if (path.startsWith(`${folder}/`)) return false;
      const seen = known.get(path);
      return seen === undefined ? pattern.test(path) : seen !== sha;
    })
    .map(([path]) => path)
    .toSorted(compare);
}

/** What the placeholders of `manifest-path` may stand for, and a namespace without a path. */
const PARTS: Readonly<Record<string, string>> = {
  '{registry}/{namespace}': String.raw`[^/]*[.:][^/]*(?:/.+)?|localhost(?:/.+)?`,
  '{registry}': String.raw`[^/]*[.:][^/]*|localhost`,
  '{target}': '.+',
  '{namespace}': '.+',
};

/** Matches the paths of namespace manifests, and of other files whose content then tells that they are none. */
export function manifestPattern(template: string): RegExp {
  const parts = template.split(/(\{registry\}\/\{namespace\}|\{registry\}|\{target\}|\{namespace\})/);
  const pattern = parts.map((part) => {
    const stands = PARTS[part];
    return stands === undefined ? part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`) : `(?:${stands})`;
  });
  return new RegExp(`^${pattern.join('')}$`, 'u');
}

const Owner = v.object({
  version: v.literal(1),
  source: v.pipe(v.string(), v.check(isNamespaceName)),
  target: v.pipe(v.string(), v.check(isNamespaceName)),
  images: v.unknown(),
});

/**
 * The part of a catalogue for a file of the metadata repository.
 *
 * @returns undefined for a file that is no namespace manifest, or a broken one, or one that gcrsync wrote, which does not
 *   say what it is about
 */
export function readPart(
  bytes: Uint8Array,
  about: Pick<CataloguePart, 'path' | 'sha' | 'changed'>,
): CataloguePart | undefined {
  try {
    const owner = v.safeParse(Owner, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
    if (!owner.success) return undefined;
    const { source, target } = owner.output;
    return partOf(parseNamespaceManifest(bytes, { path: about.path, source, target }), about);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof ManifestError)
      return undefined;
    throw error;
  }
}

/**
 * Brings a catalogue up to date. Parts of files that are gone are dropped. A manifest that can't be read at the moment keeps
 * its part. A part whose content is the same keeps its time.
 *
 * @param read the parts of the files that `staleManifests` names, as far as they have one
 * @returns `catalogue` itself when nothing changes that its readers see
 */
export function refreshCatalogue(
  catalogue: Catalogue,
  files: FileShas,
  read: readonly CataloguePart[],
): Catalogue {
  const before = new Map(catalogue.map((part) => [part.path, part]));
  const parts = new Map(catalogue.filter(({ path }) => files.has(path)).map((part) => [part.path, part]));
  for (const part of read) {
    const old = before.get(part.path);
    parts.set(part.path, old && hasSameContent(old, part) ? { ...part, changed: old.changed } : part);
  }
  const next = Array.from(parts.values()).toSorted((a, b) => compare(a.path, b.path));
  const isSame =
    next.length === catalogue.length && next.every((part, index) => isUnchanged(part, catalogue[index]));
  return isSame ? catalogue : next;
}

function isUnchanged(part: CataloguePart, old: CataloguePart | undefined): boolean {
  return old !== undefined && old.path === part.path && hasSameContent(old, part);
}

function hasSameContent(a: CataloguePart, b: CataloguePart): boolean {
  if (a === b) return true;
  if (a.source !== b.source || a.target !== b.target) return false;
  return JSON.stringify(a.images) === JSON.stringify(b.images);
}
