import { MetadataError } from '../github/errors.ts';
import { CopyError, PostponedError } from '../mirror/copy-error.ts';
import { plural } from '../mirror/format.ts';
import {
  type MutableRecordedImages,
  type NamespaceManifest,
  type RecordedImages,
  countEntries,
  forgetEntries,
  mergeImages,
  setEntry,
} from '../mirror/record-entry.ts';
import type { Work } from '../mirror/work.ts';
import { messageOf } from '../oci/errors.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import { markUnlogged } from './unlogged.ts';

/** Changes a namespace manifest in a commit with this message. The manifest itself means that nothing changes. */
export type ChangeManifest = (
  message: string,
  change: (current: NamespaceManifest) => NamespaceManifest,
) => Promise<void>;

export interface WriteAheadOptions {
  /** Whether a changelog is kept, in which the tags are to be named. */
  readonly isLogged: boolean;
  readonly now: () => Date;
}

/** After an announcement that failed, none is tried for this long. The tags that need it are postponed. */
const ANNOUNCEMENT_PAUSE_MS = 60_000;

/**
 * Announces the tags of a namespace that move. Before the first of them is overwritten at the target, all are recorded
 * with an unknown digest (`null`). The record of a run that is killed then says nothing wrong, and the next run adopts
 * what the target has.
 */
export class WriteAhead {
  readonly #plan: NamespacePlan;
  readonly #changeManifest: ChangeManifest;
  readonly #options: WriteAheadOptions;
  #announcement: Promise<void> | undefined;
  /** The last announcement that failed, and when the next may be tried. */
  #failure: { readonly error: unknown; readonly until: number } | undefined;
  /** What was recorded for the announced tags before. */
  #before: RecordedImages = new Map();
  /** Tags that may have been written. */
  readonly #begun = new Set<string>();

  constructor(plan: NamespacePlan, changeManifest: ChangeManifest, options: WriteAheadOptions) {
    this.#plan = plan;
    this.#changeManifest = changeManifest;
    this.#options = options;
  }

  /**
   * To be awaited before `tag` of `image` is written at the target.
   *
   * @throws CopyError when the record can't be changed: then the tag must not be written
   * @throws PostponedError when the record can't be changed now
   */
  async beforeOverwrite(image: string, tag: string): Promise<void> {
    if (!this.#plan.recorded.images.get(image)?.get(tag)) return;
    const announcement = (this.#announcement ??= this.#tryAnnounce());
    try {
      await announcement;
    } catch (error) {
      const message = `not overwritten, as that could not be recorded first: ${messageOf(error)}`;
      if (isTemporary(error)) {
        if (this.#announcement === announcement) this.#announcement = undefined;
        throw new PostponedError(message, error);
      }
      throw new CopyError(message, { retryable: false, cause: error });
    }
    this.#begun.add(`${image}:${tag}`);
  }

  /** What was recorded for tags that were announced and not written. */
  untouched(): RecordedImages {
    const untouched: MutableRecordedImages = new Map();
    for (const [image, entries] of this.#before) {
      for (const [tag, entry] of entries)
        if (!this.#begun.has(`${image}:${tag}`)) setEntry(untouched, image, tag, entry);
    }
    return untouched;
  }

  /** What was recorded for the announced tags before. */
  announced(): RecordedImages {
    return this.#before;
  }

  /** What is recorded by now, as far as this run knows. */
  known(): NamespaceManifest {
    const { recorded } = this.#plan;
    return { ...recorded, images: forgetEntries(recorded.images, this.#before) };
  }

  async #tryAnnounce(): Promise<void> {
    const now = this.#options.now().getTime();
    try {
      if (this.#failure && now < this.#failure.until) throw this.#failure.error;
      await announce(this.#plan, this.#options, this.#changeManifest, (before) => {
        // An earlier try may have been written though its answer was lost: then these entries are null already.
        this.#before = mergeImages(this.#before, before);
      });
    } catch (error) {
      const until = this.#options.now().getTime() + ANNOUNCEMENT_PAUSE_MS;
      if (error !== this.#failure?.error) this.#failure = { error, until };
      throw error;
    }
  }
}

/**
 * Records all tags of a plan that move with an unknown digest.
 *
 * @param onBefore called with what was recorded for them, at each try
 * @throws ManifestError, MetadataError with the remedy
 */
export async function announce(
  { work, recorded }: NamespacePlan,
  { isLogged }: Pick<WriteAheadOptions, 'isLogged'>,
  changeManifest: ChangeManifest,
  onBefore: (before: RecordedImages) => void = () => undefined,
): Promise<void> {
  const moving = work.reduce((sum, { updated }) => sum + updated.length, 0);
  const message = `Mirror ${recorded.source}: ${plural(moving, 'tag')} to move`;
  await changeManifest(message, (current) => {
    const before = recordedUpdates(work, current.images);
    onBefore(before);
    if (countEntries(before) === 0) return current;
    const unlogged = isLogged ? markUnlogged(current.unlogged, updatesOf(before)) : current.unlogged;
    return { ...current, images: forgetEntries(current.images, before), ...(unlogged && { unlogged }) };
  });
}

/** What is recorded for the tags that `works` move, where their digest is known. */
function recordedUpdates(works: readonly Work[], images: RecordedImages): RecordedImages {
  const entries: MutableRecordedImages = new Map();
  for (const { image, updated } of works) {
    for (const tag of updated) {
      const entry = images.get(image)?.get(tag);
      if (entry) setEntry(entries, image, tag, entry);
    }
  }
  return entries;
}

function updatesOf(images: RecordedImages): ReadonlyMap<string, ReadonlyMap<string, 'updated'>> {
  return new Map(
    Array.from(images, ([image, tags]) => [
      image,
      new Map(Array.from(tags.keys(), (tag) => [tag, 'updated' as const])),
    ]),
  );
}

function isTemporary(error: unknown): boolean {
  return error instanceof MetadataError && error.kind !== 'refused';
}
