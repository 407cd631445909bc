import { type MemoryRegistry, refuse, startMemoryRegistry } from '../memory-registry.ts';

/** Google's Artifact Registry, which takes blobs in one request only, into existing repositories. */
export interface ArtifactRegistry extends MemoryRegistry {
  /** True: the account may not push. */
  denied: boolean;
}

/** @param repositories `project/repository` */
export async function startArtifactRegistry(
  repositories: readonly string[],
  { immutable = false }: { readonly immutable?: boolean } = {},
): Promise<ArtifactRegistry> {
  const registry: MemoryRegistry = await startMemoryRegistry({
    refuseManifest: ({ repository, reference }) => {
      if (!immutable || registry.store.manifest(repository, reference) === undefined) return undefined;
      const message = `cannot update tag ${reference}. The repository has enabled tag immutability`;
      return { status: 400, code: 'MANIFEST_INVALID', message };
    },
  });
  const artifacts: ArtifactRegistry = Object.assign(registry, { denied: false });
  artifacts.intercept = ({ method, url = '' }, response) => {
    const [, project = '', repository = '', image] =
      /^\/v2\/([^/]+)\/([^/]+)(?:\/(.+))?\/(?:manifests|blobs)\//.exec(url) ?? [];
    if (project === '') return false;
    if (image === undefined) {
      const form = 'docker push HOST-NAME/PROJECT-ID/REPOSITORY/IMAGE';
      refuse(response, 400, 'NAME_INVALID', `Missing image name. Pushes should be of the form ${form}`);
    } else if (artifacts.denied && method === 'POST') {
      const resource = `projects/${project}/locations/europe/repositories/${repository}`;
      const permission = 'artifactregistry.repositories.uploadArtifacts';
      refuse(
        response,
        403,
        'DENIED',
        `Permission "${permission}" denied on resource "${resource}" (or it may not exist)`,
      );
    } else if (!repositories.includes(`${project}/${repository}`)) {
      refuse(response, 404, 'NAME_UNKNOWN', `Repository "${repository}" not found`);
    } else if (method === 'PATCH') {
      refuse(response, 405, 'UNSUPPORTED', 'chunked uploads are not supported');
    } else return false;
    return true;
  };
  return artifacts;
}
