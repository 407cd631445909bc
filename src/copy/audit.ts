import pLimit from 'p-limit';
import type { Entry, Images } from '../metadata/namespace-manifest.ts';
import type { RegistryClient } from '../oci/client.ts';
import { RegistryError, printable } from '../oci/errors.ts';

/** What the target says of a recorded tag. */
export type Finding =
  /** It holds the digest that is recorded. */
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
  readonly entry: NonNullable<Entry>;
  readonly finding: Finding;
}

export interface AuditOptions {
  readonly target: RegistryClient;
  /** The target's repository of an image. */
  readonly targetOf: (image: string) => string;
  /** Tags asked for at a time. */
  readonly concurrency: number;
}

/**
 * Asks the target for the digest of each recorded tag, with a HEAD a tag, which counts against no pull limit. Tags with
 * an unknown digest are left out: evidence settles them. A target that refuses to answer is not asked again.
 */
export async function audit(recorded: Images, options: AuditOptions): Promise<AuditedTag[]> {
  const { target, targetOf, concurrency } = options;
  let refused: Finding | undefined;
  const ask = async (image: string, tag: string, entry: NonNullable<Entry>): Promise<Finding> => {
    if (refused) return refused;
    try {
      const head = await target.findManifest(targetOf(image), tag);
      if (!head) return 'missing';
      return head.digest === (typeof entry === 'string' ? entry : entry.target) ? 'held' : 'changed';
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

/** They are about the client, and the next tag would be refused too. */
const REFUSALS = new Set([401, 403, 429]);
