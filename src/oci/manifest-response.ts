import { type Digest, digestOf, isDigest, matchesDigest } from './digest.ts';
import { RegistryError } from './errors.ts';
import { isEncoded } from './http/content-encoding.ts';
import { type RegistryResponse, headerOf } from './http/message.ts';
import { type RawManifest, mediaTypeOf } from './manifest.ts';
import { isSchema1Type } from './media-types.ts';

/** What the response to a HEAD of a manifest says. */
export interface ManifestHead {
  readonly digest: Digest;
  readonly mediaType: string;
  /** The size of the manifest itself, in bytes. */
  readonly size: number;
}

/** The head of a manifest; `incomplete` when the response lacks digest, type or size. */
export function headOf(response: RegistryResponse): ManifestHead | 'incomplete' {
  const digest = reportedDigestOf(response);
  const mediaType = headerOf(response.headers, 'content-type')?.split(';')[0]?.trim();
  const size = headerOf(response.headers, 'content-length');
  // The length of a compressed response is not that of the manifest.
  if (digest === undefined || !isDigest(digest) || size === undefined || isEncoded(response.headers))
    return 'incomplete';
  if (!mediaType?.startsWith('application/vnd.')) return 'incomplete';
  return { digest, mediaType, size: Number(size) };
}

/**
 * The digest that a registry reports for a manifest.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
export function reportedDigestOf({ headers }: RegistryResponse): string | undefined {
  return headerOf(headers, 'docker-content-digest');
}

/**
 * The manifest that `bytes` are, verified if `reference` is a digest. schema1 is not verified: its digest does not cover the
 * signatures that its bytes include.
 *
 * @throws RegistryError when `bytes` are not a manifest, or do not have the requested digest
 */
export function manifestOf(reference: string, bytes: Uint8Array, response: RegistryResponse): RawManifest {
  const problem = (cause: string, more: { retryable?: true; ambiguous?: true }): RegistryError =>
    new RegistryError({ method: 'GET', url: response.url, cause, ...more });
  let mediaType: string;
  try {
    mediaType = mediaTypeOf(bytes, headerOf(response.headers, 'content-type') ?? '');
  } catch {
    throw problem('the response is not a manifest', { ambiguous: true });
  }
  if (isDigest(reference) && !isSchema1Type(mediaType) && !matchesDigest(bytes, reference)) {
    throw problem(`the digest of the response is ${digestOf(bytes)}, not the requested one`, {
      retryable: true,
    });
  }
  return { mediaType, digest: isDigest(reference) ? reference : digestOfTag(bytes, response), bytes };
}

/** The digest of what a tag names. A registry may report it in another algorithm than sha256: it counts if it is right. */
function digestOfTag(bytes: Uint8Array, response: RegistryResponse): Digest {
  const reported = reportedDigestOf(response);
  const isRight = reported !== undefined && isDigest(reported) && matchesDigest(bytes, reported);
  return isRight ? reported : digestOf(bytes);
}
