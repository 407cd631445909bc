import type { RegistryError } from '../../oci/errors.ts';

/** How a blob is sent: in one request, or in several requests of limited size. */
export type UploadStrategy = 'whole' | 'chunks';

/** Chooses the strategy of each upload to one target. Most registries take a blob whole, and some take nothing else. */
export class UploadStrategies {
  /** Set once the target has refused a blob as too large for one request: all further blobs are sent in chunks. */
  #needsChunks = false;

  /** The strategy of a blob's first upload. */
  first(): UploadStrategy {
    return this.#needsChunks ? 'chunks' : 'whole';
  }

  /**
   * The strategy after an upload has failed.
   *
   * A registry that closes the connection on a request that is too large says nothing: the cause may as well be a broken
   * connection. Therefore the other strategy is tried, and the first one again after that.
   */
  next(failed: UploadStrategy, error: RegistryError): UploadStrategy {
    if (error.status === 413) this.#needsChunks = true;
    if (this.#needsChunks) return 'chunks';
    const isConnectionLost =
      error.status === undefined && (error.method === 'PUT' || error.method === 'PATCH');
    if (!isConnectionLost) return failed;
    return failed === 'whole' ? 'chunks' : 'whole';
  }
}
