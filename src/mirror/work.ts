import { digestTagSubject } from '../oci/digest-tags.ts';
import type { SourceDescriptor } from './listing.ts';
import type { TagSettings } from './settings.ts';

/** One source digest to copy, and the tags of one image to put it under: either plain tags or digest tags, never both. */
export interface Work {
  /** The image's key. */
  readonly image: string;
  /** Full path of the source repository. */
  readonly repository: string;
  readonly descriptor: SourceDescriptor;
  /** Tags that are not recorded. */
  readonly added: readonly string[];
  /** Tags that are recorded with another digest. */
  readonly updated: readonly string[];
  /** Set if an entry of a list names the tags: then the settings of the namespace say nothing about them. */
  readonly settings?: TagSettings;
}

/** A tag that is recorded with an unknown digest, or about which nothing is recorded. */
export interface UndeterminedTag {
  readonly image: string;
  readonly repository: string;
  readonly tag: string;
  readonly descriptor: SourceDescriptor;
  /** As in `Work`. */
  readonly settings?: TagSettings;
}

/** True when the tags of `work` are digest tags (signatures, attestations, SBOMs): these are copied unchanged, and first. */
export function hasDigestTags({ added, updated }: Work): boolean {
  return [...added, ...updated].some((tag) => digestTagSubject(tag) !== undefined);
}

/** `items` in the order in which their work is started: an image's signatures come before the image. */
export function digestTagsFirst<Item>(items: readonly Item[], workOf: (item: Item) => Work): Item[] {
  const isFirst = (item: Item): number => Number(hasDigestTags(workOf(item)));
  return items.toSorted((a, b) => isFirst(b) - isFirst(a));
}

interface OpenWork extends Work {
  readonly added: string[];
  readonly updated: string[];
}

/** Groups tags into one `Work` for each digest of an image and way to mirror it. */
export class WorkBuilder {
  readonly #byImage = new Map<string, Map<string, OpenWork>>();

  /** @param works to start from */
  constructor(works: readonly Work[] = []) {
    for (const work of works) {
      for (const tag of work.added) this.add(work, 'added', tag);
      for (const tag of work.updated) this.add(work, 'updated', tag);
    }
  }

  add(
    { image, repository, descriptor, settings }: Omit<UndeterminedTag, 'tag'>,
    kind: 'added' | 'updated',
    tag: string,
  ): void {
    let byDigest = this.#byImage.get(image);
    if (!byDigest) this.#byImage.set(image, (byDigest = new Map<string, OpenWork>()));
    const order = digestTagSubject(tag) === undefined ? 'own' : 'following';
    const key = `${order} ${descriptor.digest}${settings ? ` ${JSON.stringify(settings)}` : ''}`;
    let work = byDigest.get(key);
    if (!work) {
      work = { image, repository, descriptor, added: [], updated: [], ...(settings && { settings }) };
      byDigest.set(key, work);
    }
    work[kind].push(tag);
  }

  build(): Work[] {
    return Array.from(this.#byImage.values()).flatMap((byDigest) => Array.from(byDigest.values()));
  }
}
