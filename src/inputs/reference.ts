import { type Namespace, formatNamespace, parseNamespace } from '../mirror/namespace.ts';
import type { ExactReference } from '../mirror/settings.ts';
import { isDigest } from '../oci/digest.ts';
import { isTag, looksLikeHost } from '../oci/names.ts';

/** A reference to an image: neither a tag nor a digest need be set. */
export interface ImageReference extends ExactReference {
  /** The registry, and all but the last part of the repository's path. */
  readonly namespace: Namespace;
  /** The last part of the repository's path. */
  readonly image: string;
}

/** Longer than any host, repository, tag and digest together. */
const LONGEST_REFERENCE_CHARACTERS = 600;

/**
 * Reads a reference by docker's rules: without a host it is Docker Hub's, where a single name is below `library/`.
 * https://github.com/distribution/reference/blob/v0.6.0/normalize.go
 *
 * @returns the reference, or what is wrong with `text`
 */
export function parseReference(text: string): ImageReference | string {
  if (text.length > LONGEST_REFERENCE_CHARACTERS)
    return `it is longer than ${LONGEST_REFERENCE_CHARACTERS} characters`;
  if (/^[a-z]+:\/\//i.test(text)) return 'remove the "://" and what is before it';
  const at = text.indexOf('@');
  const named = at === -1 ? text : text.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const exact = parseExact(
    (colon === -1 ? '' : named.slice(colon + 1)) + (at === -1 ? '' : text.slice(at)),
    colon !== -1,
  );
  if (typeof exact === 'string') return exact;
  const repository = parseRepository(colon === -1 ? named : named.slice(0, colon));
  return typeof repository === 'string' ? repository : { ...repository, ...exact };
}

/** Reads a tag, a digest, or a tag with its digest, `v1@sha256:…`. Returns what is wrong with `text` if it is none. */
export function parseExactReference(text: string): ExactReference | string {
  return parseExact(isDigest(text) ? `@${text}` : text, !isDigest(text));
}

/** @param text `tag`, `tag@digest`, `@digest` or nothing */
function parseExact(text: string, hasTag: boolean): ExactReference | string {
  const at = text.indexOf('@');
  const tag = at === -1 ? text : text.slice(0, at);
  const digest = at === -1 ? undefined : text.slice(at + 1);
  if (hasTag && !isTag(tag))
    return `"${tag}" is not a tag: up to 128 letters, digits and . - _, the first neither . nor -`;
  if (digest !== undefined && !isDigest(digest))
    return `"${digest}" is not a digest, such as sha256: followed by 64 digits and letters from a to f`;
  return { ...(hasTag && { tag }), ...(digest !== undefined && { digest }) };
}

function parseRepository(name: string): Pick<ImageReference, 'namespace' | 'image'> | string {
  if (name === '') return 'it names no repository';
  const slash = name.indexOf('/');
  const hasHost = slash !== -1 && looksLikeHost(name.slice(0, slash));
  const whole = parseNamespace(hasHost ? name : `docker.io/${name}`, '');
  if (typeof whole === 'string') return whole;
  const { registry } = whole;
  const path = registry === 'docker.io' && !whole.path.includes('/') ? `library/${whole.path}` : whole.path;
  const last = path.lastIndexOf('/');
  return { namespace: { registry, path: path.slice(0, Math.max(0, last)) }, image: path.slice(last + 1) };
}

/** `quay.io/x/y:v1@sha256:…`, in full. */
export function formatReference({ namespace, image, ...exact }: ImageReference): string {
  return `${formatNamespace(namespace)}/${image}${formatExactReference(exact)}`;
}

/** `:v1`, `@sha256:…` or both, as they follow a repository. */
export function formatExactReference({ tag, digest }: ExactReference): string {
  return `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
