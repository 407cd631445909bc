import { type Digest, isDigest } from '../../oci/digest.ts';
import { isRepositoryName } from '../../oci/names.ts';

/** A repository of the target that holds a blob. */
export type BlobLocation = readonly [digest: Digest, repository: string];

/** Keeps the blob locations of one target registry between runs. They may be out of date. Its failures never fail a run. */
export interface BlobLocationStore {
  load(): Promise<readonly BlobLocation[]>;
  save(locations: readonly BlobLocation[]): Promise<void>;
}

/** Number of locations that are kept; the oldest are dropped first. They are 16 MB of text. */
const MAX_LOCATIONS = 150_000;

/** One location per line: `sha256:… mirror/base`. */
export function encodeBlobLocations(locations: readonly BlobLocation[]): string {
  return locations
    .slice(-MAX_LOCATIONS)
    .map(([digest, repository]) => `${digest} ${repository}\n`)
    .join('');
}

/** Reads what `encodeBlobLocations` wrote, and skips malformed lines. */
export function decodeBlobLocations(text: string): BlobLocation[] {
  const locations: BlobLocation[] = [];
  for (const line of text.split('\n').slice(-MAX_LOCATIONS - 1)) {
    const [digest = '', repository = '', ...rest] = line.split(' ');
    if (rest.length === 0 && isDigest(digest) && isRepositoryName(repository))
      locations.push([digest, repository]);
  }
  return locations;
}
