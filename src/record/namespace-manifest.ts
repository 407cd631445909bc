import * as v from 'valibot';
import {
  type RecordEntry,
  type RecordedImages,
  type NamespaceManifest,
  type MutableRecordedImages,
  type UnloggedTags,
  serializeEntry,
  setEntry,
} from '../mirror/record-entry.ts';
import { type Digest, isDigest, isReference } from '../oci/digest.ts';
import { messageOf, printable } from '../oci/errors.ts';
import { isImageKey } from '../mirror/image-key.ts';
import { isRepositoryName, isTag } from '../oci/names.ts';
import { namedTags, unloggedOf } from './unlogged.ts';

/** A namespace manifest can't be used. It must not be overwritten. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

const VERSION = 1;

/** Not `v.record`, which drops keys such as "constructor": a valid name for an image or a tag. */
const ByName = v.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
);
const Version = v.object({ version: v.number() });
const Header = v.object({
  source: v.string(),
  target: v.string(),
  images: ByName,
  unlogged: v.optional(ByName),
});

/**
 * Reads a namespace manifest, or gcrsync's form of it: a sorted array of `image:tag`.
 *
 * @param expected the file's path, and the source and target that it must name
 * @throws ManifestError that names the file, the cause and the remedy
 */
export function parseNamespaceManifest(
  bytes: Uint8Array,
  expected: { readonly path: string; readonly source: string; readonly target: string },
): NamespaceManifest {
  const { path, source, target } = expected;
  const json = parseJson(bytes, path);
  if (Array.isArray(json)) return { source, target, images: readGcrsync(json, path) };
  // Checked first: in a newer version the rest may have any form.
  const { version } = check(Version, json, path);
  if (version !== VERSION) {
    const remedy = 'a newer version of this action wrote it; use that version';
    throw new ManifestError(
      `${path} has version ${version}, and this action reads version ${VERSION}: ${remedy}`,
    );
  }
  const header = check(Header, json, path);
  checkOwner(path, 'source', header.source, source);
  checkOwner(path, 'target', header.target, target);
  const { images, unlogged } = header;
  return {
    source,
    target,
    images: readImages(images, path),
    ...(unlogged && { unlogged: readUnlogged(unlogged, path) }),
  };
}

function check<T>(schema: v.GenericSchema<unknown, T>, json: unknown, path: string): T {
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw broken(path, `at ${v.getDotPath(issue) ?? 'its root'}: ${issue.message}`);
}

function parseJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw broken(path, messageOf(error));
  }
}

function broken(path: string, cause: string): ManifestError {
  return new ManifestError(
    `${path} can't be read as a namespace manifest: ${printable(cause)}. The file was not changed. Repair it, or restore ` +
      'an earlier commit of it; if you remove it, everything is copied again',
  );
}

function checkOwner(path: string, what: 'source' | 'target', found: string, expected: string): void {
  if (found === expected) return;
  throw new ManifestError(
    `${path} records the ${what} ${JSON.stringify(found.slice(0, 300))}, but this run has the ${what} ${expected}: give ` +
      'each its own file with "manifest-path" or "metadata-branch", or move the file away',
  );
}

/** Without a schema, which would take several times as long for 100,000 entries. */
function readImages(images: Readonly<Record<string, unknown>>, path: string): RecordedImages {
  const read = new Map<string, Map<string, RecordEntry>>();
  for (const [image, tags] of Object.entries(images)) {
    if (!v.is(ByName, tags)) throw broken(path, `${show(image)} is not an object of tags`);
    const entries = new Map<string, RecordEntry>();
    for (const tag of Object.keys(tags)) {
      const entry = readEntry(tags[tag]);
      if (entry === undefined || !isReference(tag))
        throw broken(path, `the entry ${show(image)}: ${show(tag)} is not valid`);
      entries.set(tag, entry);
    }
    if (!isImageKey(image)) throw broken(path, `${show(image)} is not the name of an image`);
    read.set(image, entries);
  }
  return read;
}

const Tags = v.array(v.custom<string>((value) => typeof value === 'string' && isReference(value)));
const UnloggedImage = v.object({ added: v.optional(Tags, []), updated: v.optional(Tags, []) });

function readUnlogged(images: Readonly<Record<string, unknown>>, path: string): UnloggedTags {
  const read = Object.entries(images).map(([image, tags]) => {
    const parsed = v.safeParse(UnloggedImage, tags, { abortEarly: true });
    if (!isImageKey(image) || !v.is(ByName, tags) || !parsed.success)
      throw broken(path, `"unlogged" of ${show(image)} is not valid`);
    return { image, ...parsed.output };
  });
  return unloggedOf(read);
}

const EntryObject = v.object({
  digest: v.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  target: v.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  platforms: v.optional(v.array(v.string())),
});

function readEntry(value: unknown): RecordEntry | undefined {
  if (value === null) return null;
  if (typeof value === 'string') return isDigest(value) ? value : undefined;
  const parsed = v.safeParse(EntryObject, value, { abortEarly: true });
  if (!parsed.success) return undefined;
  const { digest, target, platforms } = parsed.output;
  return platforms ? { digest, target, platforms } : { digest, target };
}

function readGcrsync(lines: readonly unknown[], path: string): RecordedImages {
  const images: MutableRecordedImages = new Map();
  for (const line of lines) {
    const [, image = '', tag = ''] = typeof line === 'string' ? (/^(.*):(.*)$/.exec(line) ?? []) : [];
    if (!isRepositoryName(image) || !isTag(tag)) {
      const found = typeof line === 'string' ? show(line) : `a line of type ${typeof line}`;
      throw broken(
        path,
        `it is an array, as gcrsync wrote them, but ${found} does not have the form image:tag`,
      );
    }
    setEntry(images, image, tag, null);
  }
  return images;
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

/** The file: keys sorted, one tag per line, a trailing newline, so that a diff of it reads as a changelog. */
export function serializeNamespaceManifest({
  source,
  target,
  images,
  unlogged = new Map(),
}: NamespaceManifest): string {
  const blocks = sorted(images)
    .filter(([, entries]) => entries.size > 0)
    .map(([image, entries]) => {
      const lines = sorted(entries).map(
        ([tag, entry]) => `      ${JSON.stringify(tag)}: ${serializeEntry(entry)}`,
      );
      return `    ${JSON.stringify(image)}: {\n${lines.join(',\n')}\n    }`;
    });
  const body = blocks.length === 0 ? '{}' : `{\n${blocks.join(',\n')}\n  }`;
  const [quotedSource, quotedTarget] = [JSON.stringify(source), JSON.stringify(target)];
  return (
    `{\n  "version": ${VERSION},\n  "source": ${quotedSource},\n  "target": ${quotedTarget},\n` +
    `  "images": ${body}${unloggedPart(unlogged)}\n}\n`
  );
}

function unloggedPart(unlogged: UnloggedTags): string {
  const lines = namedTags(unlogged).map(({ image, added, updated }) => {
    const parts = [
      ...(added.length > 0 ? [`"added": ${JSON.stringify(added)}`] : []),
      ...(updated.length > 0 ? [`"updated": ${JSON.stringify(updated)}`] : []),
    ];
    return `    ${JSON.stringify(image)}: { ${parts.join(', ')} }`;
  });
  return optionalPart('unlogged', lines);
}

function optionalPart(name: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `,\n  "${name}": {\n${lines.join(',\n')}\n  }`;
}

/** Sorted by code units, which no locale changes. */
function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return Array.from(map).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
