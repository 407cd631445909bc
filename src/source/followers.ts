import type { Digest } from '../oci/digest.ts';

/**
 * What is said about an image under a tag that names the image's digest: cosign's signatures, attestations and SBOMs, and the
 * list of referrers of registries without an API for them.
 * https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
const FOLLOWER = /^(sha256)-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/;

/** The tags under which cosign keeps what it says about `digest`. */
export function cosignTags(digest: Digest): string[] {
  const [algorithm, hex] = digest.split(':');
  return ['sig', 'att', 'sbom'].map((kind) => `${algorithm}-${hex}.${kind}`);
}

/** The digest of the image that `tag` is about; undefined for a tag that is an image's own. */
export function followedDigest(tag: string): Digest | undefined {
  if (!tag.startsWith('sha256-')) return undefined;
  const [, algorithm, hex] = FOLLOWER.exec(tag) ?? [];
  return algorithm === undefined || hex === undefined ? undefined : `sha256:${hex}`;
}
