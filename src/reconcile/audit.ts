import pLimit from 'p-limit';
import type { RecordEntry, RecordedImages } from '../mirror/record-entry.ts';
import type { RegistryClient } from '../oci/client.ts';
import { isReferrersTag } from '../oci/digest-tags.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { RegistryError, printable } from '../oci/errors.ts';
import { type ListEntry, listEntries, includesAll } from '../oci/referrers-list.ts';
import { findTag } from './find-tag.ts';

/** What the target has under a recorded tag. */
export type Finding =
  /** The recorded digest, or a list of referrers that has grown since. */
  | { readonly kind: 'present'; readonly digest: Digest }
  /** Nothing: the target does not have the tag. */
  | { readonly kind: 'missing' }
  /** Another digest. */
  | { readonly kind: 'changed' }
  /** The target did not answer. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** Not looked up, as the run ended: the record stays as it is. */
  | { readonly kind: 'unjudged' };

/** A recorded tag, and what the target has under it. */
export interface AuditedTag {
  readonly image: string;
  readonly tag: string;
  readonly entry: NonNullable<RecordEntry>;
  readonly finding: Finding;
}

export interface AuditOptions {
  readonly target: RegistryClient;
  /** The target's repository of an image. */
  readonly targetOf: (image: string) => string;
  /** Whether a list of referrers may have more entries than were recorded: if they are mirrored, lists are merged. */
  readonly referrers: boolean;
  /** Number of tags that are looked up at the same time. */
  readonly concurrency: number;
  /** Aborted when the run ends: no tag is looked up any more. */
  readonly signal: AbortSignal;
}

/**
 * Looks up the digest of each recorded tag at the target, with one HEAD per tag, which counts against no pull limit, and a GET before a tag counts as missing. Tags
 * with an unknown digest are not looked up here: `adopt` does that. A target that refuses to answer gets no further
 * requests.
 */
export async function audit(recorded: RecordedImages, options: AuditOptions): Promise<AuditedTag[]> {
  const auditor = new Auditor(options);
  const tags = Array.from(recorded).flatMap(([image, entries]) =>
    Array.from(entries).flatMap(([tag, entry]) => (entry === null ? [] : [{ image, tag, entry }])),
  );
  return pLimit(options.concurrency).map(tags, async (recordedTag) => ({
    ...recordedTag,
    finding: await auditor.find(recordedTag),
  }));
}

/** These statuses are about the client. */
const CLIENT_REFUSALS = new Set([401, 403]);

/** True if the next tag would be refused too. Registries send rate limits with other statuses than 429 as well. */
function concernsAllTags({ status, isRateLimit }: RegistryError): boolean {
  return isRateLimit || status === undefined || CLIENT_REFUSALS.has(status);
}

class Auditor {
  readonly #options: AuditOptions;
  /** Set once the target has refused to answer. */
  #refusal: Finding | undefined;

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  async find(recordedTag: Omit<AuditedTag, 'finding'>): Promise<Finding> {
    const { signal } = this.#options;
    if (signal.aborted) return { kind: 'unjudged' };
    if (this.#refusal) return this.#refusal;
    try {
      return await this.#lookUp(recordedTag);
    } catch (error) {
      if (signal.aborted) return { kind: 'unjudged' };
      if (!(error instanceof RegistryError)) throw error;
      const finding: Finding = { kind: 'unknown', reason: printable(error.message, 2000) };
      if (concernsAllTags(error)) this.#refusal = finding;
      return finding;
    }
  }

  async #lookUp({ image, tag, entry }: Omit<AuditedTag, 'finding'>): Promise<Finding> {
    const { target, targetOf, referrers } = this.#options;
    const repository = targetOf(image);
    const expected = typeof entry === 'string' ? entry : entry.target;
    // An image without a tag is there under its own digest.
    const digest = await findTag(target, repository, isDigest(tag) ? expected : tag);
    if (digest === undefined) return { kind: 'missing' };
    if (digest === expected) return { kind: 'present', digest };
    const mayGrow = referrers && isReferrersTag(tag);
    const hasGrown = mayGrow && (await this.#hasGrown(repository, expected, digest));
    return hasGrown ? { kind: 'present', digest } : { kind: 'changed' };
  }

  /** True when the list of referrers `now` has all entries of the list `before`. */
  async #hasGrown(repository: string, before: Digest, now: Digest): Promise<boolean> {
    const read = async (digest: Digest): Promise<readonly ListEntry[] | undefined> => {
      const manifest = await this.#options.target.getManifest(repository, digest);
      return manifest && listEntries(manifest);
    };
    const [entriesBefore, entriesNow] = await Promise.all([read(before), read(now)]);
    return entriesBefore !== undefined && entriesNow !== undefined && includesAll(entriesNow, entriesBefore);
  }
}
