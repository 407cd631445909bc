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
import { messageOf } from '../oci/errors.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';

/** Changes what is recorded of a namespace, in a commit of this message; the same images mean that nothing changes. */
export type ChangeRecord = (
  message: string,
  change: (recorded: RecordedImages) => RecordedImages,
) => Promise<void>;

/**
 * The tags of a namespace that move. Before the first of them is overwritten at the target, all are recorded as of an
 * unknown digest: a run that is killed then leaves a record that says nothing wrong, and the next run settles it from
 * what the target holds.
 */
export class WriteAhead {
  readonly #plan: NamespacePlan;
  readonly #changeRecord: ChangeRecord;
  #announcing: Promise<void> | undefined;
  /** What was recorded of the tags before. */
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
   * @throws CopyError when the record can't be changed: then the tag must stay as it is
   */
  async beforeOverwrite(image: string, tag: string): Promise<void> {
    if (!this.#plan.recorded.images.get(image)?.get(tag)) return;
    try {
      await (this.#announcing ??= this.#announce());
    } catch (error) {
      const cause = messageOf(error);
      throw new CopyError(`not overwritten, as that could not be recorded before: ${cause}`, {
        retryable: false,
        cause: error,
      });
    }
    this.#begun.add(`${image}:${tag}`);
  }

  /** What was recorded of tags that were announced and have not been written. */
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
      const before: MutableRecordedImages = new Map();
      for (const { image, updated } of work) {
        for (const tag of updated) {
          const entry = images.get(image)?.get(tag);
          if (entry) setEntry(before, image, tag, entry);
        }
      }
      // Of an earlier try that was written, and whose answer was lost.
      this.#before = mergeImages(this.#before, before);
      return countEntries(before) === 0 ? images : forgetEntries(images, before);
    });
  }
}
