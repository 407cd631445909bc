import type { RegistryClient } from '../../oci/client.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RegistryError } from '../../oci/errors.ts';
import { backoffDelay, errorCode } from '../../oci/http/retry.ts';
import type { Sleep } from '../../oci/sleep.ts';

/** Number of lookups after a commit that took longer than the timeout: about half a minute, */
const BASE_LOOKUPS = 7;
/** and about a minute more per GiB: storages copy a blob when it is committed. */
const LOOKUPS_PER_GIB = 2;
const GIB = 1024 ** 3;

/** Statuses of proxies that stopped waiting for the registry, which may go on. */
const PROXY_TIMEOUTS = new Set([408, 499, 504, 522, 524]);

/** Codes of a registry that no longer knows an upload, perhaps because it is committed. */
const LOST_SESSION = new Set(['BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_INVALID', 'BLOB_UNKNOWN']);

/**
 * Whether `repository` has a blob whose upload failed, as the target says. A registry that commits a large blob may answer after the
 * timeout, or its answer may be lost: then the blob must not be sent again.
 *
 * @param isSent true when the whole blob was sent: then a commit that takes longer is waited for
 */
export async function isCommitted(
  target: RegistryClient,
  repository: string,
  blob: { readonly digest: Digest; readonly size: number },
  { error, isSent }: { readonly error: RegistryError; readonly isSent: boolean },
  { sleep, random }: { readonly sleep: Sleep; readonly random: () => number },
): Promise<boolean> {
  if (!mayBeCommitted(error)) return false;
  const lookups =
    isSent && isTimeout(error) ? BASE_LOOKUPS + Math.ceil((blob.size / GIB) * LOOKUPS_PER_GIB) : 1;
  for (let lookup = 0; lookup < lookups; lookup += 1) {
    if (lookup > 0) await sleep(backoffDelay(lookup, random));
    const isPresent = await target.hasBlob(repository, blob.digest).catch(() => undefined);
    if (isPresent !== false) return isPresent === true;
  }
  return false;
}

function mayBeCommitted({ method, status, codes }: RegistryError): boolean {
  if (method !== 'PUT' || status === 429) return false;
  return (
    status === undefined ||
    status >= 500 ||
    PROXY_TIMEOUTS.has(status) ||
    codes.some((code) => LOST_SESSION.has(code))
  );
}

function isTimeout(error: RegistryError): boolean {
  return error.status === undefined
    ? /TIMEOUT|TIMEDOUT/.test(errorCode(error) ?? '')
    : PROXY_TIMEOUTS.has(error.status);
}
