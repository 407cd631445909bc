import type { Entry, Images } from '../../../src/metadata/namespace-manifest.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import type { Listing, SourceImage } from '../../../src/source/listing.ts';

export const NAMESPACE = { registry: 'gcr.io', path: 'ns' };

/** Tags and their digests by image; `failed` could not be listed. */
export function listing(images: Record<string, Record<string, Digest>>, failed: string[] = []): Listing {
  return {
    namespace: NAMESPACE,
    images: new Map(
      Object.entries(images).map(([image, tags]): [string, SourceImage] => [
        image,
        {
          repository: `ns/${image}`,
          tags: new Map(Object.entries(tags).map(([tag, digest]) => [tag, { digest }])),
        },
      ]),
    ),
    failures: failed.map((image) => ({ image, tags: [], reason: 'is down' })),
  };
}

/** Entries by image and tag. */
export function recorded(images: Record<string, Record<string, Entry>>): Images {
  return new Map(Object.entries(images).map(([image, tags]) => [image, new Map(Object.entries(tags))]));
}
