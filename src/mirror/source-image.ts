import type { RegistryClient } from '../oci/client.ts';
import type { Digest } from '../oci/digest.ts';
import {
  type Descriptor,
  type ManifestContent,
  type RawManifest,
  formatPlatform,
  isForeignLayer,
  matchesPlatform,
  readManifest,
} from '../oci/manifest.ts';
import { isManifestType } from '../oci/media-types.ts';
import { CopyError, MissingAtSourceError } from './copy-error.ts';
import type { Platforms } from './platforms.ts';

/** An image for one platform: a single image, or one that was picked from an index. */
export interface SingleImage {
  readonly kind: 'image';
  /** Digest of the image manifest; the planned digest unless it was picked from an index. */
  readonly digest: Digest;
  /** Digest of the config, docker's image ID: docker may compress layers again but keeps the config. */
  readonly config: Digest;
  /** Set when it was picked from an index for this platform. */
  readonly platform?: string;
}

/** What docker can't copy unchanged: an index with more than one wanted image, or an artifact. */
export interface Whole {
  readonly kind: 'whole';
}

/**
 * Reads what `digest` is, and picks one image from an index when `platforms` names a single platform.
 *
 * @throws CopyError when the source does not have it, it is schema1, or it has no image for the platform
 */
export async function readSourceImage(
  client: RegistryClient,
  repository: string,
  digest: Digest,
  platforms: Platforms,
): Promise<SingleImage | Whole> {
  const content = copyableContent(await fetchManifest(client, repository, digest), client, repository);
  if (content.kind === 'image') {
    return isImage(content) ? { kind: 'image', digest, config: content.config.digest } : { kind: 'whole' };
  }
  if (platforms === 'all' || platforms.length !== 1) return { kind: 'whole' };
  const [platform = ''] = platforms;
  const child = pickChild(content.children, platform);
  const picked =
    child &&
    copyableContent(await fetchChild({ client, repository }, digest, child, platforms), client, repository);
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

/**
 * True for an image, false for an index and for an artifact. Artifacts, which docker can't pull, have another type of config, or
 * other layers, such as cosign's signatures.
 */
export function isImage(content: CopyableContent): content is Extract<CopyableContent, { kind: 'image' }> {
  if (content.kind !== 'image') return false;
  const { config, layers } = content;
  return IMAGE_CONFIGS.has(config.mediaType) && layers.every(({ mediaType }) => IMAGE_LAYER.test(mediaType));
}

const IMAGE_CONFIGS = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);
const IMAGE_LAYER = /^application\/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs)\./;

/** The parts of a manifest: what a registry must have so that it can be pulled. */
export interface Parts {
  readonly manifests: readonly Descriptor[];
  readonly blobs: readonly Descriptor[];
}

/** The parts of a manifest, each once. Foreign layers are not in registries. */
export function partsOf(content: CopyableContent): Parts {
  if (content.kind === 'index') {
    const children = distinct(content.children);
    const isBlob = (child: Descriptor): boolean => entryKind(child) === 'blob';
    return { manifests: children.filter((child) => !isBlob(child)), blobs: children.filter(isBlob) };
  }
  const blobs = [content.config, ...content.layers.filter((layer) => !isForeignLayer(layer))];
  return { manifests: [], blobs: distinct(blobs) };
}

function distinct(descriptors: readonly Descriptor[]): Descriptor[] {
  return Array.from(new Map(descriptors.map((one) => [one.digest, one])).values());
}

/**
 * What an entry of an index is. The entries of a build cache of buildkit are layers and its own config. An entry of another unknown
 * type may be either: clients try it as a manifest, then as a blob.
 */
export function entryKind({ mediaType }: Descriptor): 'manifest' | 'blob' | 'unknown' {
  if (mediaType === '' || isManifestType(mediaType)) return 'manifest';
  return BLOB_TYPE.test(mediaType) ? 'blob' : 'unknown';
}

const BLOB_TYPE =
  /^application\/vnd\.(?:oci\.image\.(?:layer|config)\.|docker\.image\.rootfs\.|docker\.container\.image\.|buildkit\.cacheconfig\.)/;

function pickChild(children: readonly Descriptor[], platform: string): Descriptor | undefined {
  return children.find((child) => matchesPlatform(child, platform));
}

/** The content of a manifest that can be copied: anything but schema1. */
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

/** @throws MissingAtSourceError when the source does not have the manifest that it listed */
export async function fetchManifest(
  client: RegistryClient,
  repository: string,
  digest: Digest,
): Promise<RawManifest> {
  const manifest = await client.getManifest(repository, digest);
  if (manifest) return manifest;
  const name = `${client.registry}/${repository}@${digest}`;
  throw new MissingAtSourceError(
    `${name} was listed, but the source no longer has it; the next run lists it again`,
  );
}

/**
 * Reads an entry of the index `parent`.
 *
 * @throws MissingAtSourceError when the source does not have it
 */
export async function fetchChild(
  { client, repository }: { readonly client: RegistryClient; readonly repository: string },
  parent: Digest,
  child: Descriptor,
  platforms: Platforms,
): Promise<RawManifest> {
  const manifest = await client.getManifest(repository, child.digest);
  if (manifest) return manifest;
  const platform = formatPlatform(child);
  const named = platform === undefined ? child.digest : `${platform} (${child.digest})`;
  const remedy = platform !== undefined && platforms === 'all' ? '; "platforms" can leave it out' : '';
  throw new MissingAtSourceError(
    `${client.registry}/${repository}@${parent}: the index names ${named}, which the source does not have${remedy}`,
  );
}

/** What the target holds under a tag, and the size of its image in bytes. */
export interface TargetImage {
  readonly digest: Digest;
  readonly bytes: number;
}

/**
 * Reads `tag` from the target and accepts it when it is `image`: the same digest, or the same config. A push counts only after
 * this.
 *
 * @returns undefined when the target does not have the tag, or it is another image
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
