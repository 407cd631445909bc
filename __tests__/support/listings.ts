import type { Namespace } from '../../src/namespace.ts';
import type { RegistryClient } from '../../src/oci/client.ts';
import type { SourceApis } from '../../src/source/choose.ts';
import { resolveDigests } from '../../src/source/digests.ts';
import { discover } from '../../src/source/discover.ts';
import type { Listing } from '../../src/source/listing.ts';

/** All that a namespace holds, with all digests. */
export async function listAll(
  namespace: Namespace,
  client: RegistryClient,
  apis: SourceApis,
  images?: readonly string[],
): Promise<Listing> {
  const listing = await discover(namespace, client, apis, images);
  const resolved = await resolveDigests(listing.images, client, () => undefined);
  return { ...listing, images: resolved.images, failures: [...listing.failures, ...resolved.failures] };
}
