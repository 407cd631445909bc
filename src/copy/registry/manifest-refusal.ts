import { CopyError, isPermanent } from '../../mirror/copy-error.ts';
import type { CopyableContent } from '../../mirror/source-image.ts';
import { RegistryError } from '../../oci/errors.ts';
import { isForeignLayer } from '../../oci/manifest.ts';

/**
 * Error codes of a registry that misses something that a manifest refers to. zot answers MANIFEST_INVALID, as registries also do
 * for a manifest that was damaged on its way.
 */
const UNKNOWN_PART_CODES = new Set(['MANIFEST_BLOB_UNKNOWN', 'BLOB_UNKNOWN', 'MANIFEST_UNKNOWN']);

/** True when the registry says that it misses something that the manifest refers to. */
export function namesUnknownPart({ codes }: RegistryError): boolean {
  return codes.some((code) => UNKNOWN_PART_CODES.has(code));
}

/** True when the registry may miss something that the manifest refers to. */
export function isMissingPart(error: unknown): error is RegistryError {
  return (
    error instanceof RegistryError && (namesUnknownPart(error) || error.codes.includes('MANIFEST_INVALID'))
  );
}

/** True where a lookup may say that the manifest is stored. A registry that limits requests is spared the lookup. */
export function mayBeStored(error: unknown): error is RegistryError {
  return (
    error instanceof RegistryError && !error.isRateLimit && (error.method === 'PUT' || isPermanent(error))
  );
}

/** Registries refuse foreign layers with messages that don't mention them. */
export function explainRefusal(error: RegistryError, content: CopyableContent): Error {
  if (content.kind !== 'image' || !content.layers.some(isForeignLayer)) return error;
  return new CopyError(
    `${error.message}. The image has foreign layers, which are not stored in registries and which this target refuses: ` +
      'allow them there (in distribution, validation.manifests.urls), or leave the image out with "exclude"',
    { retryable: false, cause: error },
  );
}
