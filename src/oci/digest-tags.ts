import { type Digest, isDigest } from './digest.ts';

/**
 * A tag that names the digest of another image: cosign's signatures, attestations and SBOMs, and the list of referrers in
 * registries without the referrers API.
 * https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
const DIGEST_TAG = /^(sha256)-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/;

/** The tags under which cosign keeps signature, attestation and SBOM of `digest`. */
export function cosignTags(digest: Digest): string[] {
  const [algorithm, hex] = digest.split(':');
  return ['sig', 'att', 'sbom'].map((kind) => `${algorithm}-${hex}.${kind}`);
}

/** The digest of the image that `tag` describes; undefined for a tag that is not a digest tag. */
export function digestTagSubject(tag: string): Digest | undefined {
  if (!tag.startsWith('sha256-')) return undefined;
  const [, algorithm, hex] = DIGEST_TAG.exec(tag) ?? [];
  return algorithm === undefined || hex === undefined ? undefined : `sha256:${hex}`;
}

/**
 * In registries without the referrers API, clients keep the list of a manifest's referrers as an index under a tag.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */

/** The tag of the list of referrers of `digest`. */
export function referrersTag(digest: Digest): string {
  const [algorithm = '', encoded = ''] = digest.split(':');
  return `${algorithm}-${encoded.slice(0, 64)}`;
}

/** The digest whose referrers are listed under `tag`; undefined for any other tag. */
export function referrersTagSubject(tag: string): Digest | undefined {
  const digest = tag.replace('-', ':');
  return tag.startsWith('sha256-') && isDigest(digest) ? digest : undefined;
}

export function isReferrersTag(tag: string): boolean {
  return referrersTagSubject(tag) !== undefined;
}
