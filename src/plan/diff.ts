import type { Entry, Images } from '../metadata/namespace-manifest.ts';
import type { Digest } from '../oci/digest.ts';
import { followedDigest } from '../source/followers.ts';
import type { Listing, SourceManifest } from '../source/listing.ts';

/** Which platforms of an index are mirrored: all, or these. */
export type Platforms = 'all' | readonly string[];

/** One source digest to copy, and the tags of one image that it goes under: the image's own, or such as follow another. */
export interface Work {
  readonly image: string;
  /** Full path of the source repository. */
  readonly repository: string;
  readonly manifest: SourceManifest;
  /** Tags that the manifest does not hold. */
  readonly added: readonly string[];
  /** Tags that it holds with another digest. */
  readonly updated: readonly string[];
}

/** A tag that gcrsync mirrored, whose digest nobody wrote down. */
export interface Unsettled {
  readonly image: string;
  readonly repository: string;
  readonly tag: string;
  readonly manifest: SourceManifest;
}

export interface Diff {
  readonly work: readonly Work[];
  readonly unsettled: readonly Unsettled[];
  /** Tags that the target holds as the source has them. */
  readonly unchanged: number;
}

/**
 * Compares what a source holds with what its namespace manifest says the mirror holds, in time linear in the tags.
 *
 * @param keepsDigests what docker has made another digest of is not held then: what refers to the image names its digest
 */
export function diff(listing: Listing, recorded: Images, platforms: Platforms, keepsDigests = false): Diff {
  const builder = new WorkBuilder();
  const unsettled: Unsettled[] = [];
  let unchanged = 0;
  for (const [image, { repository, tags }] of listing.images) {
    const entries = recorded.get(image);
    for (const [tag, manifest] of tags) {
      const entry = entries?.get(tag);
      if (entry === undefined) builder.add(image, repository, manifest, 'added', tag);
      else if (entry === null) unsettled.push({ image, repository, tag, manifest });
      else if (holds(tag, entry, manifest.digest, { platforms, keepsDigests })) unchanged += 1;
      else builder.add(image, repository, manifest, 'updated', tag);
    }
  }
  return { work: builder.build(), unsettled, unchanged };
}

/** True when `entry` says that the target holds `digest` under `tag` as it is wanted: with at least these platforms. */
export function holds(
  tag: string,
  entry: NonNullable<Entry>,
  digest: Digest,
  wanted: { readonly platforms: Platforms; readonly keepsDigests: boolean },
): boolean {
  if (typeof entry === 'string') return entry === digest;
  if (entry.digest !== digest) return false;
  const { platforms } = entry;
  // Of a list of referrers the target's may hold more than the source's.
  if (platforms === undefined) return !wanted.keepsDigests || followedDigest(tag) !== undefined;
  return wanted.platforms !== 'all' && wanted.platforms.every((platform) => platforms.includes(platform));
}

/** True when the tags of `work` follow another image: signatures and the like, which are copied as they are and first. */
export function isFollowing({ added, updated }: Work): boolean {
  return [...added, ...updated].some((tag) => followedDigest(tag) !== undefined);
}

/** `works` in the order in which they are started: an image's signatures shall be there when it is. */
export function signaturesFirst(works: readonly Work[]): Work[] {
  return works.toSorted((a, b) => Number(isFollowing(b)) - Number(isFollowing(a)));
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
    for (const { image, repository, manifest, added, updated } of works) {
      for (const tag of added) this.add(image, repository, manifest, 'added', tag);
      for (const tag of updated) this.add(image, repository, manifest, 'updated', tag);
    }
  }

  add(
    image: string,
    repository: string,
    manifest: SourceManifest,
    kind: 'added' | 'updated',
    tag: string,
  ): void {
    let byDigest = this.#byImage.get(image);
    if (!byDigest) this.#byImage.set(image, (byDigest = new Map<string, OpenWork>()));
    const key = `${followedDigest(tag) === undefined ? 'own' : 'following'} ${manifest.digest}`;
    let work = byDigest.get(key);
    if (!work) {
      work = { image, repository, manifest, added: [], updated: [] };
      byDigest.set(key, work);
    }
    work[kind].push(tag);
  }

  build(): Work[] {
    return Array.from(this.#byImage.values()).flatMap((byDigest) => Array.from(byDigest.values()));
  }
}
