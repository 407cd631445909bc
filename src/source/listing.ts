import type { Namespace } from '../namespace.ts';
import type { Digest } from '../oci/digest.ts';
import type { Failure } from '../report/result.ts';

/** What a source says of one manifest. Tags of one manifest share one object. */
export interface SourceManifest {
  readonly digest: Digest;
  /** Absent where the source does not tell. */
  readonly mediaType?: string;
  /** Bytes of the image with its layers; absent where the source does not tell. */
  readonly size?: number;
}

/** One repository of a namespace. */
export interface SourceImage {
  /** Its full path in the registry. */
  readonly repository: string;
  readonly tags: ReadonlyMap<string, SourceManifest>;
}

/** What a namespace holds. */
export interface Listing {
  readonly namespace: Namespace;
  /** By the repository's path inside the namespace. */
  readonly images: ReadonlyMap<string, SourceImage>;
  /** Repositories that could not be listed: what they hold is unknown, not gone. */
  readonly failures: readonly Failure[];
}
