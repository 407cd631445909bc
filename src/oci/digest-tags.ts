import { type Digest, isDigest } from './digest.ts';

/**
 * What is said about an image under a tag that names the image's digest: cosign's signatures, attestations and SBOMs, and the
 * list of referrers of registries without an API for them.
 * https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
const DIGEST_TAG = /^(sha256)-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/;

/** The tags under which cosign keeps what it says about `digest`. */
export function cosignTags(digest: Digest): string[] {
  const [algorithm, hex] = digest.split(':');
  return ['sig', 'att', 'sbom'].map((kind) => `${algorithm}-${hex}.${kind}`);
}

/** The digest of the image that `tag` is about; undefined for a tag that is an image's own. */
export function digestTagSubject(tag: string): Digest | undefined {
  if (!tag.startsWith('sha256-')) return undefined;
  const [, algorithm, hex] = DIGEST_TAG.exec(tag) ?? [];
  return algorithm === undefined || hex === undefined ? undefined : `sha256:${hex}`;
}

/**
 * The list of a manifest's referrers that clients keep, as an index under a tag, where a registry has no API for it.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */

/** The tag of the list of what refers to `digest`. */
export function referrersTag(digest: Digest): string {
  const [algorithm = '', encoded = ''] = digest.split(':');
  return `${algorithm}-${encoded.slice(0, 64)}`;
}

/** The digest that `tag` lists the referrers of; undefined for any other tag. */
export function referrersTagSubject(tag: string): Digest | undefined {
  const digest = tag.replace('-', ':');
  return tag.startsWith('sha256-') && isDigest(digest) ? digest : undefined;
}

export function isReferrersTag(tag: string): boolean {
  return referrersTagSubject(tag) !== undefined;
}
