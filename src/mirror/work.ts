import { digestTagSubject } from '../oci/digest-tags.ts';
import type { SourceDescriptor } from './listing.ts';

/** One source digest to copy, and the tags of one image that it goes under: the image's own, or such as follow another. */
export interface Work {
  readonly image: string;
  /** Full path of the source repository. */
  readonly repository: string;
  readonly descriptor: SourceDescriptor;
  /** Tags that the manifest does not hold. */
  readonly added: readonly string[];
  /** Tags that it holds with another digest. */
  readonly updated: readonly string[];
}

/** A tag that gcrsync mirrored, whose digest nobody wrote down. */
export interface UndeterminedTag {
  readonly image: string;
  readonly repository: string;
  readonly tag: string;
  readonly descriptor: SourceDescriptor;
}

/** True when the tags of `work` follow another image: signatures and the like, which are copied as they are and first. */
export function hasDigestTags({ added, updated }: Work): boolean {
  return [...added, ...updated].some((tag) => digestTagSubject(tag) !== undefined);
}

/** `works` in the order in which they are started: an image's signatures shall be there when it is. */
export function digestTagsFirst(works: readonly Work[]): Work[] {
  return works.toSorted((a, b) => Number(hasDigestTags(b)) - Number(hasDigestTags(a)));
}

interface OpenWork extends Work {
  readonly added: string[];
  readonly updated: string[];
}

/** Gathers tags into one piece of work for each digest of an image. */
export class WorkBuilder {
  readonly #byImage = new Map<string, Map<string, OpenWork>>();

  /** @param works to go on from */
  constructor(works: readonly Work[] = []) {
    for (const { image, repository, descriptor, added, updated } of works) {
      for (const tag of added) this.add(image, repository, descriptor, 'added', tag);
      for (const tag of updated) this.add(image, repository, descriptor, 'updated', tag);
    }
  }

  add(
    image: string,
    repository: string,
    descriptor: SourceDescriptor,
    kind: 'added' | 'updated',
    tag: string,
  ): void {
    let byDigest = this.#byImage.get(image);
    if (!byDigest) this.#byImage.set(image, (byDigest = new Map<string, OpenWork>()));
    const key = `${digestTagSubject(tag) === undefined ? 'own' : 'following'} ${descriptor.digest}`;
    let work = byDigest.get(key);
    if (!work) {
      work = { image, repository, descriptor, added: [], updated: [] };
      byDigest.set(key, work);
    }
    work[kind].push(tag);
  }

  build(): Work[] {
    return Array.from(this.#byImage.values()).flatMap((byDigest) => Array.from(byDigest.values()));
  }
}
