import { hash } from 'node:crypto';
import { isTag } from './names.ts';

/**
 * A content digest, `algorithm:hex`.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 */
export type Digest = `sha256:${string}` | `sha512:${string}`;

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** True for a digest in one of the two registered algorithms, in lower case. */
export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** True for what names a manifest in a repository: a tag or a digest. */
export function isReference(text: string): boolean {
  return isTag(text) || isDigest(text);
}

/** What stands between a repository and a tag, or a digest. https://github.com/distribution/reference/blob/v0.6.0/reference.go */
export function referenceSeparator(reference: string): ':' | '@' {
  return isDigest(reference) ? '@' : ':';
}

/** The sha256 digest of `bytes`. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${hash('sha256', bytes)}`;
}

/** True when `bytes` have `digest`, in its own algorithm. */
export function matchesDigest(bytes: Uint8Array, digest: Digest): boolean {
  const [algorithm = 'sha256', hex] = digest.split(':');
  return hash(algorithm, bytes) === hex;
}
