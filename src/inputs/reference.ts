import type { Namespace } from '../mirror/namespace.ts';
import type { ExactReference } from '../mirror/settings.ts';
import { isDigest } from '../oci/digest.ts';
import { canonicalHost, isRegistryHost, isRepositoryName, isTag, looksLikeHost } from '../oci/names.ts';
import { show } from './reader.ts';

/** An image as a list names it. */
export interface ImageReference {
  /** The registry, and all but the last part of the repository's path. */
  readonly namespace: Namespace;
  /** The last part of the repository's path. */
  readonly image: string;
  /** Absent where the reference has neither tag nor digest. */
  readonly reference?: ExactReference;
}

/** No reference is longer: 255 characters of name, 128 of tag, 135 of digest. */
const LONGEST_CHARACTERS = 600;

/**
 * Reads a reference as docker does: `nginx:1.27` is an official image of Docker Hub, and the first part is a host when it has a
 * dot or a port or is `localhost`. https://github.com/distribution/reference/blob/v0.6.0/normalize.go
 *
 * @returns the reference, or a sentence that says what is wrong with `text`
 */
export function parseReference(text: string): ImageReference | string {
  if (text.length > LONGEST_CHARACTERS) return `${show(text)} is longer than any reference`;
  const { name, tag, digest } = splitReference(text);
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const hasHost = slash !== -1 && looksLikeHost(first);
  const host = hasHost ? first.toLowerCase() : 'docker.io';
  if (!isRegistryHost(host)) return `${show(text)}: ${show(host)} is not a registry host`;
  const registry = canonicalHost(host);
  const path = repositoryPath(registry, hasHost ? name.slice(slash + 1) : name);
  if (!isRepositoryName(path))
    return `${show(text)} is not a reference such as nginx:1.27 or quay.io/x/y@sha256:…${hintOf(path)}`;
  if (tag !== undefined && !isTag(tag)) return `${show(text)}: ${show(tag)} is not a tag`;
  if (digest !== undefined && !isDigest(digest))
    return `${show(text)}: ${show(digest)} is not a digest: sha256: and 64 digits, or sha512: and 128, in lower case`;
  const end = path.lastIndexOf('/');
  const reference = { ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
  return {
    namespace: { registry, path: end === -1 ? '' : path.slice(0, end) },
    image: path.slice(end + 1),
    ...((tag ?? digest) !== undefined && { reference }),
  };
}

function splitReference(text: string): { name: string; tag?: string; digest?: string } {
  const at = text.indexOf('@');
  const named = at === -1 ? text : text.slice(0, at);
  const digest = at === -1 ? {} : { digest: text.slice(at + 1) };
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  if (colon === -1) return { name: named, ...digest };
  return { name: named.slice(0, colon), tag: named.slice(colon + 1), ...digest };
}

function repositoryPath(registry: string, path: string): string {
  return registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
}

function hintOf(path: string): string {
  return /[A-Z]/.test(path) ? ': names are in lower case' : '';
}

/**
 * Reads a tag, a digest, or a tag with the digest that it is to have: `v1@sha256:…`.
 *
 * @returns the reference, or a sentence that says what is wrong with `text`
 */
export function parseExact(text: string): ExactReference | string {
  if (isDigest(text)) return { digest: text };
  const at = text.indexOf('@');
  const tag = at === -1 ? text : text.slice(0, at);
  const digest = at === -1 ? undefined : text.slice(at + 1);
  if (!isTag(tag)) return `${show(text)} is neither a tag nor a digest`;
  if (digest === undefined) return { tag };
  return isDigest(digest) ? { tag, digest } : `${show(text)}: ${show(digest)} is not a digest`;
}
