import type { RegistryClient } from '../oci/client.ts';
import type { Digest } from '../oci/digest.ts';

/**
 * The digest that `target` has under a tag. Some registries answer HEAD with 404 for manifests that GET returns, so a tag
 * counts as missing only when GET finds none either.
 */
export async function findTag(
  target: Pick<RegistryClient, 'findManifest' | 'getManifest'>,
  repository: string,
  tag: string,
): Promise<Digest | undefined> {
  const manifest =
    (await target.findManifest(repository, tag)) ?? (await target.getManifest(repository, tag));
  return manifest?.digest;
}
