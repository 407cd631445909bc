import { beforeEach, describe, expect, it } from 'vitest';
import { MetadataError } from '../../../src/github/errors.ts';
import { CopyError, PostponedError } from '../../../src/mirror/copy-error.ts';
import type { NamespaceManifest, RecordEntry, RecordedImages } from '../../../src/mirror/record-entry.ts';
import type { NamespacePlan } from '../../../src/plan/namespace-plan.ts';
import { type ChangeManifest, WriteAhead, type WriteAheadOptions } from '../../../src/record/write-ahead.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';

const [OLD, NEW] = [digest(1), digest(2)];

let recorded: NamespaceManifest;
let messages: string[];
let now: number;

const entriesOf = (tags: Readonly<Record<string, RecordEntry>>): RecordedImages =>
  new Map([['a', new Map(Object.entries(tags))]]);

const manifestOf = (tags: Readonly<Record<string, RecordEntry>>): NamespaceManifest => ({
  source: 'gcr.io/ns',
  target: 'docker.io/mirror',
  images: entriesOf(tags),
});

function open(change: ChangeManifest, options: Partial<WriteAheadOptions> = {}): WriteAhead {
  return new WriteAhead(plan(), change, { isLogged: false, now: () => new Date(now), ...options });
}

const changeManifest: ChangeManifest = async (message, change) => {
  const next = change(recorded);
  if (next === recorded) return;
  recorded = next;
  messages.push(message);
};

beforeEach(() => {
  recorded = manifestOf({ moved: OLD, other: OLD, same: OLD });
  messages = [];
  now = 0;
});

/** The tags `moved` and `other` move, and `new` is added. */
function plan(): NamespacePlan {
  const descriptor = { digest: NEW };
  return namespacePlan({
    recorded,
    work: [
      { image: 'a', repository: 'ns/a', descriptor, added: ['new'], updated: ['moved'] },
      { image: 'a', repository: 'ns/a', descriptor, added: [], updated: ['other'] },
    ],
  });
}

describe('WriteAhead', () => {
  it('announces all tags that move in one commit, before the first is overwritten', async () => {
    const writeAhead = open(changeManifest);
    await Promise.all([writeAhead.beforeOverwrite('a', 'moved'), writeAhead.beforeOverwrite('a', 'other')]);
    expect(recorded).toEqual(manifestOf({ moved: null, other: null, same: OLD }));
    expect(messages).toEqual(['Mirror gcr.io/ns: 2 tags to move']);
  });

  it('lets a new tag be written without a commit', async () => {
    await open(changeManifest).beforeOverwrite('a', 'new');
    expect(messages).toEqual([]);
  });

  it('returns the entries of announced tags that were not written', async () => {
    const writeAhead = open(changeManifest);
    expect(writeAhead.untouched().size).toBe(0);
    await writeAhead.beforeOverwrite('a', 'moved');
    expect(writeAhead.untouched()).toEqual(entriesOf({ other: OLD }));
    expect(writeAhead.known()).toEqual(manifestOf({ moved: null, other: null, same: OLD }));
  });

  it('announces what another job recorded meanwhile, and restores that', async () => {
    const writeAhead = open(changeManifest);
    recorded = manifestOf({ moved: OLD, other: digest(3), same: OLD });
    await writeAhead.beforeOverwrite('a', 'moved');
    expect(writeAhead.untouched()).toEqual(entriesOf({ other: digest(3) }));
  });

  it('remembers the entries of an announcement that was written though its answer was lost', async () => {
    let tries = 0;
    const writeAhead = open(async (message, change) => {
      // The first try is written; the second one reads the nulls.
      while (tries++ < 2) await changeManifest(message, change);
    });
    await writeAhead.beforeOverwrite('a', 'moved');
    expect(writeAhead.untouched()).toEqual(entriesOf({ other: OLD }));
    expect(messages).toHaveLength(1);
  });

  it('forbids the tag when the announcement can not be recorded', async () => {
    const writeAhead = open(async () => {
      throw new Error('octo/meta is archived');
    });
    const error = await writeAhead.beforeOverwrite('a', 'moved').catch((error: unknown) => error);
    expect(error).toBeInstanceOf(CopyError);
    expect(error).toMatchObject({
      message: 'not overwritten, as that could not be recorded first: octo/meta is archived',
    });
    expect(writeAhead.untouched().size).toBe(0);
    expect(recorded).toEqual(manifestOf({ moved: OLD, other: OLD, same: OLD }));
  });

  it('marks the announced tags as unlogged where a changelog is kept', async () => {
    await open(changeManifest, { isLogged: true }).beforeOverwrite('a', 'moved');
    expect(recorded.unlogged).toEqual(
      new Map([
        [
          'a',
          new Map([
            ['moved', 'updated'],
            ['other', 'updated'],
          ]),
        ],
      ]),
    );
  });

  it('postpones tags while the record can not be written, and announces again after a minute', async () => {
    let failures = 1;
    let tries = 0;
    const writeAhead = open(async (message, change) => {
      tries += 1;
      if (failures-- > 0) throw new MetadataError('GitHub answered 503', { kind: 'given-up' });
      await changeManifest(message, change);
    });
    await expect(writeAhead.beforeOverwrite('a', 'moved')).rejects.toBeInstanceOf(PostponedError);
    now = 59_000;
    await expect(writeAhead.beforeOverwrite('a', 'other')).rejects.toBeInstanceOf(PostponedError);
    expect(tries).toBe(1);
    now = 60_000;
    await writeAhead.beforeOverwrite('a', 'moved');
    await writeAhead.beforeOverwrite('a', 'other');
    expect(tries).toBe(2);
    expect(recorded).toEqual(manifestOf({ moved: null, other: null, same: OLD }));
  });

  it('postpones tags while a rate limit lasts', async () => {
    const writeAhead = open(async () => {
      throw new MetadataError('a rate limit is used up', { kind: 'limited' });
    });
    await expect(writeAhead.beforeOverwrite('a', 'moved')).rejects.toBeInstanceOf(PostponedError);
  });
});
