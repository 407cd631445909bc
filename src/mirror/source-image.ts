import type { RegistryClient } from '../oci/client.ts';
import type { Digest } from '../oci/digest.ts';
import {
  type Descriptor,
  type ManifestContent,
  type RawManifest,
  matchesPlatform,
  readManifest,
} from '../oci/manifest.ts';
import { CopyError, NotThereError } from './copy-error.ts';
import type { Platforms } from './platforms.ts';

/** An image for one platform: alone in its repository, or picked from an index. */
export interface SingleImage {
  readonly kind: 'image';
  /** Of the image manifest; the planned digest unless it was picked from an index. */
  readonly digest: Digest;
  /** The image ID: docker push compresses layers again but keeps the config. */
  readonly config: Digest;
  /** The platform that it was picked for. */
  readonly platform?: string;
}

/** What docker can't copy and keep: an index of which not one image alone is wanted, or an artifact. */
export interface Whole {
  readonly kind: 'whole';
}

/**
 * Finds out what `digest` is, and picks the image of an index when `platforms` names just one.
 *
 * @throws CopyError when it is not there, is schema1, or has no image for the platform
 */
export async function readSourceImage(
  client: RegistryClient,
  repository: string,
  digest: Digest,
  platforms: Platforms,
): Promise<SingleImage | Whole> {
  const content = await readContent(client, repository, digest);
  if (content.kind === 'image') {
    return isImage(content) ? { kind: 'image', digest, config: content.config.digest } : { kind: 'whole' };
  }
  if (platforms === 'all' || platforms.length !== 1) return { kind: 'whole' };
  const [platform = ''] = platforms;
  const child = pickChild(content.children, platform);
  const picked = child && (await readContent(client, repository, child.digest));
  if (picked?.kind !== 'image') {
    throw new CopyError(
      `${client.registry}/${repository}@${digest} has no image for ${platform}: name another platform in "platforms"`,
      {
        retryable: false,
      },
    );
  }
  return { kind: 'image', digest: child?.digest ?? digest, config: picked.config.digest, platform };
}

/** Artifacts, which docker can't pull, have other configs, or other layers, as cosign's signatures have. */
function isImage({ config, layers }: Extract<CopyableContent, { kind: 'image' }>): boolean {
  return IMAGE_CONFIGS.has(config.mediaType) && layers.every(({ mediaType }) => IMAGE_LAYER.test(mediaType));
}

const IMAGE_CONFIGS = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);
const IMAGE_LAYER = /^application\/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs)\./;

function pickChild(children: readonly Descriptor[], platform: string): Descriptor | undefined {
  return children.find((child) => matchesPlatform(child, platform));
}

async function readContent(
  client: RegistryClient,
  repository: string,
  digest: Digest,
): Promise<CopyableContent> {
  return copyableContent(await fetchManifest(client, repository, digest), client, repository);
}

/** What can be copied: everything but schema1. */
export type CopyableContent = Exclude<ManifestContent, { kind: 'schema1' }>;

/** @throws CopyError when `manifest` is schema1 */
export function copyableContent(
  manifest: RawManifest,
  client: RegistryClient,
  repository: string,
): CopyableContent {
  const content = readManifest(manifest);
  if (content.kind !== 'schema1') return content;
  throw new CopyError(
    `${client.registry}/${repository} has images of the old schema1 format, which current docker and most ` +
      'registries refuse. They are not supported: leave them out with "exclude"',
    { retryable: false },
  );
}

/** @throws NotThereError when the source no longer has the manifest that it listed */
export async function fetchManifest(
  client: RegistryClient,
  repository: string,
  digest: Digest,
): Promise<RawManifest> {
  const manifest = await client.getManifest(repository, digest);
  if (manifest) return manifest;
  const name = `${client.registry}/${repository}@${digest}`;
  throw new NotThereError(`${name} was listed but is not there any more; the next run lists it anew`);
}

/** What the target holds under a tag, and how many bytes its image has. */
export interface TargetImage {
  readonly digest: Digest;
  readonly bytes: number;
}

/**
 * Asks the target what `tag` is now and accepts it when it is `image`: the same digest, or the same config.
 * A push is believed only after this.
 *
 * @returns undefined when the tag is not there or is something else
 */
export async function findTargetImage(
  client: RegistryClient,
  repository: string,
  tag: string,
  image: SingleImage,
): Promise<TargetImage | undefined> {
  const manifest = await client.getManifest(repository, tag);
  if (!manifest) return undefined;
  const content = readManifest(manifest);
  if (content.kind !== 'image') return undefined;
  if (manifest.digest !== image.digest && content.config.digest !== image.config) return undefined;
  const bytes = [content.config, ...content.layers].reduce((sum, { size }) => sum + size, 0);
  return { digest: manifest.digest, bytes };
}
