import { describe, expect, it } from 'vitest';
import { WriteSession } from '../../../src/github/write-session.ts';
import {
  type LogEntry,
  recordChangelog,
  removeSections,
  sectionsOf,
} from '../../../src/record/changelog-update.ts';
import { copied, namespaceResult } from '../../support/fixtures/results.ts';
import { MemoryMetadata } from '../../support/github/memory-metadata.ts';

const PATH = 'CHANGELOG.md';
const SETTINGS = { changelogPath: PATH, timezone: 'UTC' };
const CONTEXT = { now: () => new Date('2026-11-24T12:30:05Z'), runKey: '1.a' };

function entryOf(name: string, images = 1): LogEntry {
  const all = Array.from({ length: images }, (_, index) => copied(`image-${index}`, { added: ['v1'] }));
  return { result: namespaceResult({ namespace: `gcr.io/${name}`, copied: all }), earlier: new Map() };
}

const QUIET: LogEntry = { result: namespaceResult({ namespace: 'gcr.io/quiet' }), earlier: new Map() };

async function record(metadata: MemoryMetadata, entries: readonly LogEntry[]): Promise<void> {
  const sections = sectionsOf(entries, SETTINGS, CONTEXT);
  await recordChangelog(sections, entries, SETTINGS, { metadata, ...CONTEXT }, new WriteSession('final'));
}

describe('sectionsOf', () => {
  it('has the namespaces that have something to name', () => {
    const earlier = new Map([['b', new Map([['v2', 'updated' as const]])]]);
    const sections = sectionsOf([entryOf('one'), QUIET, { ...QUIET, earlier }], SETTINGS, CONTEXT);
    expect(sections.map(({ route }) => route)).toEqual([
      'gcr.io/one docker.io/gcrxio',
      'gcr.io/quiet docker.io/gcrxio',
    ]);
    expect(sections[0]?.text).toContain('image-0');
    expect(sections[1]?.text).toContain('v2');
  });

  it('is empty where no changelog is kept', () => {
    expect(sectionsOf([entryOf('one')], { timezone: 'UTC' }, CONTEXT)).toEqual([]);
  });

  it.each([
    [1, 3000],
    [10, 1500],
    [100, 300],
  ])('has at most 256 KiB of images, or 4 KiB of each namespace: %d namespaces of %d', (count, images) => {
    const entries = Array.from({ length: count }, (_, index) => entryOf(`n${index}`, images));
    const sections = sectionsOf(entries, SETTINGS, CONTEXT);
    const lines = sections.flatMap(({ text }) => text.split('\n').filter((line) => line.startsWith('- `')));
    expect(sections).toHaveLength(count);
    const most = Math.max(256, 4 * count) * 1024;
    expect(Buffer.byteLength(lines.join('\n'))).toBeLessThanOrEqual(most);
    expect(lines.length).toBeGreaterThan(count * 50);
    expect(lines.length).toBeLessThan(count * images);
  });
});

describe('removeSections', () => {
  it('removes the sections of these routes, and no others', async () => {
    const metadata = new MemoryMetadata();
    await record(metadata, [entryOf('one'), entryOf('two')]);
    expect(metadata.messages).toEqual(['Changelog: Mirror 2 namespaces: 2 added, 0 updated']);
    await removeSections(
      ['gcr.io/one docker.io/gcrxio'],
      SETTINGS,
      { metadata, ...CONTEXT },
      new WriteSession('final'),
    );
    const after = metadata.files.get(PATH) ?? '';
    expect(after).toContain('gcr.io/two');
    expect(after).not.toContain('gcr.io/one');
  });

  it('leaves the changelog as it was before they were written', async () => {
    const metadata = new MemoryMetadata();
    await record(metadata, [entryOf('before')]);
    const before = metadata.files.get(PATH);
    const later = { ...CONTEXT, runKey: '2.a' };
    const sections = sectionsOf([entryOf('one')], SETTINGS, later);
    await recordChangelog(
      sections,
      [entryOf('one')],
      SETTINGS,
      { metadata, ...later },
      new WriteSession('final'),
    );
    expect(metadata.files.get(PATH)).not.toBe(before);
    await removeSections(
      ['gcr.io/one docker.io/gcrxio'],
      SETTINGS,
      { metadata, ...later },
      new WriteSession('final'),
    );
    expect(metadata.files.get(PATH)).toBe(before);
  });

  it('writes nothing where there is nothing to remove', async () => {
    const metadata = new MemoryMetadata();
    await removeSections([], SETTINGS, { metadata, ...CONTEXT }, new WriteSession('final'));
    await removeSections(
      ['gcr.io/one docker.io/gcrxio'],
      SETTINGS,
      { metadata, ...CONTEXT },
      new WriteSession('final'),
    );
    expect(metadata.messages).toEqual([]);
  });
});
