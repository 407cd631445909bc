import type { RegistryClient } from '../../oci/client.ts';
import type { RegistryError } from '../../oci/errors.ts';
import type { Problem } from '../../oci/http/retry.ts';
import type { Descriptor } from '../../oci/manifest.ts';

/** One blob on its way to one repository of the target. */
export interface BlobTransfer {
  readonly source: RegistryClient;
  readonly from: string;
  readonly blob: Descriptor;
  readonly repository: string;
  /** Another repository of the target that has the blob. */
  readonly mountSource: string | undefined;
  /** True when that is the source's repository, which the target's account may not be able to read. */
  readonly isFromSource: boolean;
}

/** Keys of a blob in one repository of its source, and in any repository. Descriptors may state different sizes of one blob. */
export function corruptKeys({ source, from, blob: { digest, size } }: BlobTransfer): {
  here: string;
  anywhere: string;
} {
  return { here: `${source.registry}/${from}@${digest} ${size}`, anywhere: `${digest} ${size}` };
}

/**
 * Whether another upload may succeed. The transport retries all requests but uploads, whose body can be read only once: the
 * token may have expired meanwhile (401), the registry may have lost the upload session (404), or disagree about its offset (416).
 */
export function uploadProblem(error: RegistryError): Problem {
  const { method, status, ambiguous, retryAfter } = error;
  // Requests that can be repeated have been retried already.
  const retryable = error.retryable && !error.isExhausted;
  const isUpload = method === 'PUT' || method === 'PATCH';
  const isSessionLost = isUpload && (status === 401 || status === 404 || status === 416);
  return { retryable: retryable || isSessionLost, ambiguous: ambiguous && isUpload, retryAfter };
}
