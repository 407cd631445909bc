import { CopyError } from '../mirror/copy-error.ts';
import { plural } from '../mirror/format.ts';
import {
  type RecordedImages,
  type MutableRecordedImages,
  countEntries,
  forgetEntries,
  mergeImages,
  setEntry,
} from '../mirror/record-entry.ts';
import type { Work } from '../mirror/work.ts';
import { messageOf } from '../oci/errors.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';

/** Changes the record of a namespace in a commit with this message. The same images mean that nothing changes. */
export type ChangeRecord = (
  message: string,
  change: (recorded: RecordedImages) => RecordedImages,
) => Promise<void>;

/**
 * Announces the tags of a namespace that move. Before the first of them is overwritten at the target, all are recorded
 * with an unknown digest (`null`). The record of a run that is killed then says nothing wrong, and the next run adopts
 * what the target has.
 */
export class WriteAhead {
  readonly #plan: NamespacePlan;
  readonly #changeRecord: ChangeRecord;
  #announcement: Promise<void> | undefined;
  /** What was recorded for the announced tags before. */
  #before: RecordedImages = new Map();
  /** Tags that may have been written. */
  readonly #begun = new Set<string>();

  constructor(plan: NamespacePlan, changeRecord: ChangeRecord) {
    this.#plan = plan;
    this.#changeRecord = changeRecord;
  }

  /**
   * To be awaited before `tag` of `image` is written at the target.
   *
   * @throws CopyError when the record can't be changed: then the tag must not be written
   */
  async beforeOverwrite(image: string, tag: string): Promise<void> {
    if (!this.#plan.recorded.images.get(image)?.get(tag)) return;
    try {
      await (this.#announcement ??= this.#announce());
    } catch (error) {
      const message = `not overwritten, as that could not be recorded first: ${messageOf(error)}`;
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

  /** What is recorded by now, as far as this run knows. */
  known(): RecordedImages {
    return forgetEntries(this.#plan.recorded.images, this.#before);
  }

  async #announce(): Promise<void> {
    const { work, recorded } = this.#plan;
    const moving = work.reduce((sum, { updated }) => sum + updated.length, 0);
    await this.#changeRecord(`Mirror ${recorded.source}: ${plural(moving, 'tag')} to move`, (images) => {
      const before = recordedUpdates(work, images);
      // An earlier try may have been written though its answer was lost: then these entries are null already.
      this.#before = mergeImages(this.#before, before);
      return countEntries(before) === 0 ? images : forgetEntries(images, before);
    });
  }
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
