import { beforeEach, describe, expect, it } from 'vitest';
import { CopyError } from '../../../src/mirror/copy-error.ts';
import { type RecordEntry, type RecordedImages, forgetEntries } from '../../../src/mirror/record-entry.ts';
import type { NamespacePlan } from '../../../src/plan/namespace-plan.ts';
import { type ChangeRecord, WriteAhead } from '../../../src/record/write-ahead.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';

const [OLD, NEW] = [digest(1), digest(2)];

let recorded: RecordedImages;
let messages: string[];

const entriesOf = (tags: Readonly<Record<string, RecordEntry>>): RecordedImages =>
  new Map([['a', new Map(Object.entries(tags))]]);

const changeRecord: ChangeRecord = async (message, change) => {
  const next = change(recorded);
  if (next === recorded) return;
  recorded = next;
  messages.push(message);
};

beforeEach(() => {
  recorded = entriesOf({ moved: OLD, other: OLD, same: OLD });
  messages = [];
});

/** The tags `moved` and `other` move, and `new` is added. */
function plan(): NamespacePlan {
  const descriptor = { digest: NEW };
  return namespacePlan({
    recorded: { source: 'gcr.io/ns', target: 'docker.io/mirror', images: recorded },
    work: [
      { image: 'a', repository: 'ns/a', descriptor, added: ['new'], updated: ['moved'] },
      { image: 'a', repository: 'ns/a', descriptor, added: [], updated: ['other'] },
    ],
  });
}

describe('WriteAhead', () => {
  it('announces all tags that move in one commit, before the first is overwritten', async () => {
    const writeAhead = new WriteAhead(plan(), changeRecord);
    await Promise.all([writeAhead.beforeOverwrite('a', 'moved'), writeAhead.beforeOverwrite('a', 'other')]);
    expect(recorded).toEqual(entriesOf({ moved: null, other: null, same: OLD }));
    expect(messages).toEqual(['Mirror gcr.io/ns: 2 tags to move']);
  });

  it('lets a new tag be written without a commit', async () => {
    await new WriteAhead(plan(), changeRecord).beforeOverwrite('a', 'new');
    expect(messages).toEqual([]);
  });

  it('returns the entries of announced tags that were not written', async () => {
    const writeAhead = new WriteAhead(plan(), changeRecord);
    expect(writeAhead.untouched().size).toBe(0);
    await writeAhead.beforeOverwrite('a', 'moved');
    expect(writeAhead.untouched()).toEqual(entriesOf({ other: OLD }));
    expect(writeAhead.known()).toEqual(entriesOf({ moved: null, other: null, same: OLD }));
  });

  it('announces what another job recorded meanwhile, and restores that', async () => {
    const writeAhead = new WriteAhead(plan(), changeRecord);
    recorded = entriesOf({ moved: OLD, other: digest(3), same: OLD });
    await writeAhead.beforeOverwrite('a', 'moved');
    expect(writeAhead.untouched()).toEqual(entriesOf({ other: digest(3) }));
  });

  it('remembers the entries of an announcement that was written though its answer was lost', async () => {
    let tries = 0;
    const writeAhead = new WriteAhead(plan(), async (message, change) => {
      // The first try is written; the second one reads the nulls.
      while (tries++ < 2) await changeRecord(message, change);
    });
    await writeAhead.beforeOverwrite('a', 'moved');
    expect(writeAhead.untouched()).toEqual(entriesOf({ other: OLD }));
    expect(messages).toHaveLength(1);
  });

  it('forbids the tag when the announcement can not be recorded', async () => {
    const writeAhead = new WriteAhead(plan(), async () => {
      throw new Error('octo/meta is archived');
    });
    const error = await writeAhead.beforeOverwrite('a', 'moved').catch((error: unknown) => error);
    expect(error).toBeInstanceOf(CopyError);
    expect(error).toMatchObject({
      message: 'not overwritten, as that could not be recorded first: octo/meta is archived',
    });
    expect(writeAhead.untouched().size).toBe(0);
    expect(forgetEntries(recorded, new Map())).toBe(recorded);
  });
});
