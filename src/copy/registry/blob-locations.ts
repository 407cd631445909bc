import { type Digest, isDigest } from '../../oci/digest.ts';
import { isRepositoryName } from '../../oci/names.ts';

/** A repository of the target that holds a blob. */
export type BlobLocation = readonly [digest: Digest, repository: string];

/** Keeps what is known of a target's blobs between runs. What it says may be stale; it must never fail a run. */
export interface BlobLocationStore {
  load(): Promise<readonly BlobLocation[]>;
  save(holders: readonly BlobLocation[]): Promise<void>;
}

/** Holders that are kept; the oldest go first. 16 MB of text. */
const MOST_LOCATIONS = 150_000;

/** A line a holder: `sha256:… mirror/base`. */
export function encodeBlobLocations(holders: readonly BlobLocation[]): string {
  return holders
    .slice(-MOST_LOCATIONS)
    .map(([digest, repository]) => `${digest} ${repository}\n`)
    .join('');
}

/** Reads what `encodeHolders` wrote, and passes over lines that are not of that form. */
export function decodeBlobLocations(text: string): BlobLocation[] {
  const holders: BlobLocation[] = [];
  for (const line of text.split('\n').slice(-MOST_LOCATIONS - 1)) {
    const [digest = '', repository = '', ...rest] = line.split(' ');
    if (rest.length === 0 && isDigest(digest) && isRepositoryName(repository))
      holders.push([digest, repository]);
  }
  return holders;
}
