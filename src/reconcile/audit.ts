import pLimit from 'p-limit';
import type { RecordEntry, RecordedImages } from '../mirror/record-entry.ts';
import type { RegistryClient } from '../oci/client.ts';
import { isReferrersTag } from '../oci/digest-tags.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError, printable } from '../oci/errors.ts';
import { type ListEntry, listEntries, includesAll } from '../oci/referrers-list.ts';

/** What the target says of a recorded tag. */
export type Finding =
  /** It holds the digest that is recorded, or a list of referrers that has grown since. */
  | 'held'
  /** It does not have the tag. */
  | 'missing'
  /** It has another digest under the tag. */
  | 'changed'
  /** It did not say. */
  | { readonly unknown: string };

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
  /** Whether a list of referrers may hold more than was recorded: where they are mirrored, lists are united. */
  readonly referrers: boolean;
  /** Tags asked for at a time. */
  readonly concurrency: number;
}

/**
 * Asks the target for the digest of each recorded tag, with a HEAD a tag, which counts against no pull limit. Tags with
 * an unknown digest are left out: evidence settles them. A target that refuses to answer is not asked again.
 */
export async function audit(recorded: RecordedImages, options: AuditOptions): Promise<AuditedTag[]> {
  const { target, targetOf, referrers, concurrency } = options;
  let refused: Finding | undefined;
  const ask = async (image: string, tag: string, entry: NonNullable<RecordEntry>): Promise<Finding> => {
    if (refused) return refused;
    try {
      const head = await target.findManifest(targetOf(image), tag);
      if (!head) return 'missing';
      const expected = typeof entry === 'string' ? entry : entry.target;
      if (head.digest === expected) return 'held';
      const mayGrow = referrers && isReferrersTag(tag);
      return mayGrow && (await hasGrown(target, targetOf(image), expected, head.digest)) ? 'held' : 'changed';
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      const finding = { unknown: printable(error.message, 2000) };
      if (error.status === undefined || REFUSALS.has(error.status)) refused = finding;
      return finding;
    }
  };
  const tags = Array.from(recorded).flatMap(([image, entries]) =>
    Array.from(entries).flatMap(([tag, entry]) => (entry === null ? [] : [{ image, tag, entry }])),
  );
  return pLimit(concurrency).map(tags, async ({ image, tag, entry }) => ({
    image,
    tag,
    entry,
    finding: await ask(image, tag, entry),
  }));
}

/** True when the list of referrers `now` has all that the list `before` had. */
async function hasGrown(
  target: RegistryClient,
  repository: string,
  before: Digest,
  now: Digest,
): Promise<boolean> {
  const read = async (digest: Digest): Promise<readonly ListEntry[] | undefined> => {
    const manifest = await target.getManifest(repository, digest);
    return manifest && listEntries(manifest);
  };
  const [had, has] = await Promise.all([read(before), read(now)]);
  return had !== undefined && has !== undefined && includesAll(has, had);
}

/** They are about the client, and the next tag would be refused too. */
const REFUSALS = new Set([401, 403, 429]);
