import * as v from 'valibot';
import { type MemoryRegistry, refuse, startMemoryRegistry } from '../memory-registry.ts';

const Manifest = v.pipe(v.string(), v.parseJson(), v.object({ mediaType: v.optional(v.string()) }));

/**
 * Amazon ECR: repositories must exist before a push, tags may be immutable, and blobs are never mounted.
 */
export async function startEcr(
  repositories: readonly string[],
  { immutable = false, maxUpload }: { readonly immutable?: boolean; readonly maxUpload?: number } = {},
): Promise<MemoryRegistry> {
  const registry: MemoryRegistry = await startMemoryRegistry({
    mounts: false,
    patchStatus: 201,
    ...(maxUpload !== undefined && { maxUpload }),
    refuseManifest: ({ repository, reference, bytes }) => {
      if (v.parse(Manifest, bytes.toString()).mediaType === undefined) {
        const message =
          "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'";
        return { status: 405, code: 'UNSUPPORTED', message };
      }
      if (!immutable || registry.store.manifest(repository, reference) === undefined) return undefined;
      const message =
        `The image tag '${reference}' already exists in the '${repository}' repository and cannot be overwritten because ` +
        'the repository is immutable.';
      return { status: 400, code: 'TAG_INVALID', message };
    },
  });
  registry.intercept = ({ url = '' }, response) => {
    const name = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(url)?.[1];
    if (name === undefined || repositories.includes(name)) return false;
    const message = `The repository with name '${name}' does not exist in the registry with id '123456789012'`;
    refuse(response, 404, 'NAME_UNKNOWN', message);
    return true;
  };
  return registry;
}
