import * as v from 'valibot';
import { digestOf } from '../../oci/digest.ts';
import { type Descriptor, type RawManifest, formatPlatform, matchesPlatform } from '../../oci/manifest.ts';

const Index = v.looseObject({ manifests: v.array(v.looseObject({ digest: v.string() })) });

/** The annotation with which an attestation names its image. https://docs.docker.com/build/metadata/attestations/attestation-storage/ */
const ATTESTED_DIGEST = 'vnd.docker.reference.digest';

/**
 * Reduces an index to the images of `platforms`, their attestations, and entries that state no platform, such as artifacts.
 *
 * @returns the index itself when it has nothing else; undefined when it has images, and none for any of the platforms
 */
export function reduceIndex(
  index: RawManifest,
  children: readonly Descriptor[],
  platforms: readonly string[],
): RawManifest | undefined {
  const isWanted = (child: Descriptor): boolean =>
    platforms.some((platform) => matchesPlatform(child, platform));
  const images = new Set(children.filter(isWanted).map(({ digest }) => digest as string));
  if (images.size === 0 && children.some(isImageEntry)) return undefined;
  const kept = new Set(
    children
      .filter((child) => {
        const attested = child.annotations?.[ATTESTED_DIGEST];
        if (attested !== undefined) return images.has(attested);
        return images.has(child.digest) || formatPlatform(child) === undefined;
      })
      .map(({ digest }) => digest as string),
  );
  if (children.every(({ digest }) => kept.has(digest))) return index;
  const content = v.parse(Index, JSON.parse(new TextDecoder().decode(index.bytes)));
  const manifests = content.manifests.filter(({ digest }) => kept.has(digest));
  const bytes = new TextEncoder().encode(JSON.stringify({ ...content, manifests }, null, 2));
  return { mediaType: index.mediaType, bytes, digest: digestOf(bytes) };
}

/** True for an entry that states a platform. Attestations state `unknown/unknown`. */
function isImageEntry(child: Descriptor): boolean {
  const platform = formatPlatform(child);
  return platform !== undefined && platform !== 'unknown/unknown';
}
