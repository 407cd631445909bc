import * as v from 'valibot';
import { digestOf } from '../../oci/digest.ts';
import { type Descriptor, type RawManifest, formatPlatform, matchesPlatform } from '../../oci/manifest.ts';

const Index = v.looseObject({ manifests: v.array(v.looseObject({ digest: v.string() })) });

/** The annotation by which an attestation names the image it is about. https://docs.docker.com/build/metadata/attestations/attestation-storage/ */
const ABOUT = 'vnd.docker.reference.digest';

/**
 * Reduces an index to `platforms`: their images, the attestations about these, and entries that state no platform.
 *
 * @returns the index itself when nothing is left out; undefined when it has no image for any of the platforms
 */
export function reduceIndex(
  index: RawManifest,
  children: readonly Descriptor[],
  platforms: readonly string[],
): RawManifest | undefined {
  const wanted = (child: Descriptor): boolean =>
    platforms.some((platform) => matchesPlatform(child, platform));
  const images = new Set(children.filter(wanted).map(({ digest }) => digest as string));
  if (images.size === 0) return undefined;
  const kept = new Set(
    children
      .filter((child) => {
        const about = child.annotations?.[ABOUT];
        return about === undefined ? images.has(child.digest) || isPlatformless(child) : images.has(about);
      })
      .map(({ digest }) => digest as string),
  );
  if (children.every(({ digest }) => kept.has(digest))) return index;
  const content = v.parse(Index, JSON.parse(new TextDecoder().decode(index.bytes)));
  const manifests = content.manifests.filter(({ digest }) => kept.has(digest));
  const bytes = new TextEncoder().encode(JSON.stringify({ ...content, manifests }, null, 2));
  return { mediaType: index.mediaType, bytes, digest: digestOf(bytes) };
}

function isPlatformless(child: Descriptor): boolean {
  return formatPlatform(child) === undefined;
}
