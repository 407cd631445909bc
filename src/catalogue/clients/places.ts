import type { Catalogue } from '../catalogue.ts';

/** A source image, and all repositories that hold it. */
export interface Place {
  /** `gcr.io/distroless/base` */
  readonly ref: string;
  /** Repositories, in the order of the targets' records: `docker.io/gcrxio/base`. */
  readonly mirrors: readonly string[];
}

/** Where each image is kept, ordered by name: an image stands before those that are nested in it. */
export function placesOf(catalogue: Catalogue): Place[] {
  const places = new Map<string, string[]>();
  for (const { source, target, images } of catalogue)
    for (const { image, name } of images) {
      const ref = `${source}/${image}`;
      const mirror = `${target}/${name}`;
      const others = places.get(ref);
      if (others) others.push(mirror);
      else places.set(ref, [mirror]);
    }
  return Array.from(places, ([ref, mirrors]) => ({ ref, mirrors })).toSorted((a, b) =>
    a.ref < b.ref ? -1 : a.ref > b.ref ? 1 : 0,
  );
}

/** `gcr.io` of `gcr.io/distroless/base`. */
export function registryOf(ref: string): string {
  return ref.split('/', 1)[0] ?? ref;
}

const HUB = 'docker.io/';

/** All ways in which people write the name of a repository: that of Docker Hub may be left out, and so may `library`. */
export function spellings(ref: string): string[] {
  if (!ref.startsWith(HUB)) return [ref];
  const path = ref.slice(HUB.length);
  const official = /^library\/([^/]+)$/.exec(path)?.[1];
  return official === undefined ? [ref, path] : [ref, path, `${HUB}${official}`, official];
}
