import * as v from 'valibot';
import { isNamespaceName } from '../mirror/namespace.ts';
import { isRepositoryPath } from '../mirror/record-path.ts';
import { type Digest, isDigest, isReference } from '../oci/digest.ts';
import { messageOf, printable } from '../oci/errors.ts';
import { isRepositoryName } from '../oci/names.ts';
import type { Catalogue, CatalogueImage, CataloguePart, TagGroup } from './catalogue.ts';

/** A file of the catalogue's folder can't be used. It must not be overwritten. */
export class CatalogueError extends Error {
  override readonly name = 'CatalogueError';
}

const VERSION = 1;

/**
 * The file `catalogue.json`: one image per line, so that a diff stays small. An image is
 * `[image, groups]`, or `[image, groups, name]` where its name at the target differs. A group is
 * `[tags, digest, source's digest, platforms]` without what is absent at its end; `tags` are separated by a space.
 */
export function serializeCatalogue(catalogue: Catalogue): string {
  const parts = catalogue.map(serializePart);
  return `{"version":${VERSION},"parts":[${parts.join(',')}${parts.length > 0 ? '\n' : ''}]}\n`;
}

function serializePart({ path, sha, changed, source, target, images }: CataloguePart): string {
  const header = JSON.stringify({ path, sha, changed, source, target }).slice(0, -1);
  const lines = images.map(({ image, name, groups }) => {
    const packed = groups.map(packGroup);
    return JSON.stringify(name === image ? [image, packed] : [image, packed, name]);
  });
  return `\n${header},"images":[\n${lines.join(',\n')}\n]}`;
}

type PackedGroup = [tags: string, digest?: string, source?: string, platforms?: readonly string[]];

function packGroup({ tags, digest, source, platforms }: TagGroup): PackedGroup {
  const joined = tags.join(' ');
  if (digest === undefined) return [joined];
  const packed: PackedGroup = [joined, packDigest(digest)];
  if (platforms) packed.push(source === undefined ? '' : packDigest(source), platforms);
  else if (source !== undefined) packed.push(packDigest(source));
  return packed;
}

const SHA256 = 'sha256:';

/** A sha256 digest as 43 characters of base64url. Other digests stay as they are. */
export function packDigest(digest: Digest): string {
  if (!digest.startsWith(SHA256)) return digest;
  return Buffer.from(digest.slice(SHA256.length), 'hex').toString('base64url');
}

function unpackDigest(text: string): Digest | undefined {
  const hex = text.includes(':') ? '' : Buffer.from(text, 'base64url').toString('hex');
  const digest = hex === '' ? text : `${SHA256}${hex}`;
  return isDigest(digest) ? digest : undefined;
}

const Header = v.object({
  path: v.pipe(v.string(), v.check(isRepositoryPath)),
  sha: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/)),
  changed: v.pipe(v.string(), v.isoTimestamp()),
  source: v.pipe(v.string(), v.check(isNamespaceName)),
  target: v.pipe(v.string(), v.check(isNamespaceName)),
  images: v.array(v.unknown()),
});
const File = v.object({ version: v.number(), parts: v.array(v.unknown()) });

/**
 * Reads `catalogue.json`.
 *
 * @throws CatalogueError that names the file, the cause and the remedy
 */
export function parseCatalogue(bytes: Uint8Array, path: string): Catalogue {
  const fail = (cause: string): never => {
    throw new CatalogueError(
      `${path} can't be read as a catalogue: ${printable(cause)}. The file was not changed. Move it away, and the next run ` +
        'writes it again from the namespace manifests, or name another folder in "catalogue"',
    );
  };
  const file = v.safeParse(File, readJson(bytes, fail));
  if (!file.success) return fail('it is not an object with version and parts');
  if (file.output.version !== VERSION)
    return fail(`it has version ${file.output.version}, and this action reads version ${VERSION}`);
  return file.output.parts.map((part) => readPart(part) ?? fail('a part of it is not valid'));
}

function readJson(bytes: Uint8Array, fail: (cause: string) => never): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return fail(messageOf(error));
  }
}

function readPart(json: unknown): CataloguePart | undefined {
  const header = v.safeParse(Header, json);
  if (!header.success) return undefined;
  const images: CatalogueImage[] = [];
  for (const packed of header.output.images) {
    const image = readImage(packed);
    if (!image) return undefined;
    images.push(image);
  }
  return { ...header.output, images };
}

/** Without a schema, which would take several times as long for 100,000 tags. */
function readImage(packed: unknown): CatalogueImage | undefined {
  if (!Array.isArray(packed)) return undefined;
  const [image, groups, name = image]: unknown[] = packed;
  if (typeof image !== 'string' || !isRepositoryName(image)) return undefined;
  if (typeof name !== 'string' || !isRepositoryName(name) || !Array.isArray(groups)) return undefined;
  const read: TagGroup[] = [];
  for (const group of groups) {
    const one = Array.isArray(group) ? readGroup(group) : undefined;
    if (!one) return undefined;
    read.push(one);
  }
  return { image, name, groups: read };
}

function readGroup([joined, packed, packedSource, platforms]: readonly unknown[]): TagGroup | undefined {
  const tags = typeof joined === 'string' ? joined.split(' ') : [];
  if (tags.length === 0 || !tags.every(isReference)) return undefined;
  if (packed === undefined) return { tags };
  const digest = typeof packed === 'string' ? unpackDigest(packed) : undefined;
  if (digest === undefined) return undefined;
  const hasSource = typeof packedSource === 'string' && packedSource !== '';
  const source = hasSource ? unpackDigest(packedSource) : undefined;
  if (hasSource && source === undefined) return undefined;
  if (platforms !== undefined && !v.is(v.array(v.string()), platforms)) return undefined;
  return { tags, digest, ...(source !== undefined && { source }), ...(platforms && { platforms }) };
}
