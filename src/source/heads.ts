import type { RegistryClient } from '../oci/client.ts';
import { RegistryError } from '../oci/errors.ts';
import type { SourceManifest } from './listing.ts';

/** Requests waiting at the host's gate, so that it is never idle; the gate bounds how many are sent. */
const WAITING = 256;
/** A broken manifest or two are theirs alone; after so many refusals it is the registry that fails. */
const MAX_REFUSALS = 10;

/** The digests of tags, and what the registry says of those it does not give. */
export interface Heads {
  readonly found: ReadonlyMap<string, SourceManifest>;
  readonly refused: ReadonlyMap<string, RegistryError>;
}

/**
 * Asks for the digests of `tags`. A tag that is gone meanwhile is in neither part of the answer.
 *
 * @throws RegistryError once more than a few are refused
 */
export async function headTags(
  client: RegistryClient,
  repository: string,
  tags: readonly string[],
): Promise<Heads> {
  const found = new Map<string, SourceManifest>();
  const refused = new Map<string, RegistryError>();
  const rest = tags.values();
  const ask = async (): Promise<void> => {
    for (const tag of rest) {
      if (refused.size >= MAX_REFUSALS) return;
      try {
        const head = await client.headManifest(repository, tag);
        if (head) found.set(tag, { digest: head.digest, mediaType: head.mediaType });
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        refused.set(tag, error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(WAITING, tags.length) }, ask));
  const [last] = Array.from(refused.values()).slice(-1);
  if (last && refused.size >= MAX_REFUSALS) throw last;
  return { found, refused };
}
