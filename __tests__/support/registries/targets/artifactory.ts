import { type MemoryRegistry, refuse, startMemoryRegistry } from '../memory-registry.ts';

/** JFrog's Artifactory, which answers a HEAD for a missing manifest with 403. */
export async function startArtifactory(): Promise<MemoryRegistry> {
  const registry = await startMemoryRegistry();
  registry.intercept = ({ method, url = '' }, response) => {
    const [, repository = '', reference = ''] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(url) ?? [];
    if (method !== 'HEAD' || reference === '' || registry.store.manifest(repository, reference)) return false;
    refuse(response, 403, 'DENIED', 'forbidden');
    return true;
  };
  return registry;
}
