import { beforeEach, describe, expect, it } from 'vitest';
import { WriteSession } from '../../../src/github/write-session.ts';
import { MetadataError } from '../../../src/github/errors.ts';
import { writeChangelog } from '../../../src/record/changelog-file.ts';
import { renderSection } from '../../../src/record/changelog.ts';
import { copied, namespaceResult } from '../../support/fixtures/results.ts';

const PATH = 'CHANGELOG.md';

/** The files of the metadata repository, and the paths in the order of their writes. */
let files: Map<string, string>;
let writes: string[];
/** A path that can't be written. */
let refused: string | undefined;
/** Runs before a write of the path. */
let beforeWrite: (path: string) => void;

const deps = {
  metadata: {
    update: async (
      path: string,
      _: string,
      change: (current: Uint8Array | undefined) => Uint8Array | undefined,
    ) => {
      await Promise.resolve();
      const current = files.get(path);
      const next = change(current === undefined ? undefined : Buffer.from(current));
      if (path === refused) throw new MetadataError(`${path} can not be written`);
      if (!next || Buffer.from(next).toString() === current) return false;
      beforeWrite(path);
      files.set(path, Buffer.from(next).toString());
      writes.push(path);
      return true;
    },
  },
  now: () => new Date('2026-11-24T12:30:05Z'),
  runKey: '1.a',
};

const SECTION = {
  route: 'gcr.io/distroless docker.io/gcrxio',
  text: renderSection(namespaceResult({ copied: [copied('base', { added: ['v1'] })] }), {
    time: deps.now(),
    timezone: 'UTC',
    runKey: deps.runKey,
  }),
};
const OLD = Array.from(
  { length: 600 },
  (_, index) => `## ${2026 - Math.floor(index / 200)}-01-01 #${index}\n\n${'- old\n'.repeat(200)}\n`,
);

async function write(): Promise<void> {
  await writeChangelog(PATH, 'Changelog', [SECTION], deps, new WriteSession('final'));
}

function allSections(): string[] {
  return Array.from(files.values()).flatMap((text) => text.match(/^## .*$/gm) ?? []);
}

beforeEach(() => {
  files = new Map([[PATH, `# Changelog\n\n${OLD.join('')}`]]);
  writes = [];
  refused = undefined;
  beforeWrite = () => {};
});

describe('writeChangelog', () => {
  it('writes one file while the changelog is small', async () => {
    files.set(PATH, `# Changelog\n\n${OLD[0]}`);
    await write();
    expect(writes).toEqual([PATH]);
  });

  it('writes the archives before the changelog without their sections', async () => {
    await write();
    expect(writes).toEqual(['CHANGELOG-2024.md', 'CHANGELOG-2025.md', 'CHANGELOG-2026.md', PATH]);
    expect(files.get(PATH)).toContain('Older changes: [2026](CHANGELOG-2026.md)');
    expect(allSections()).toHaveLength(OLD.length + 1);
    expect(new Set(allSections()).size).toBe(OLD.length + 1);
    for (const text of files.values()) expect(text.length).toBeLessThan(512 * 1024);
  });

  it('adds its section once when it is repeated', async () => {
    await write();
    const after = new Map(files);
    await write();
    expect(files).toEqual(after);
  });

  it('changes nothing in the changelog when an archive can not be written', async () => {
    refused = 'CHANGELOG-2025.md';
    const before = files.get(PATH);
    await expect(write()).rejects.toThrow('CHANGELOG-2025.md can not be written');
    expect(files.get(PATH)).toBe(before);
  });

  it('loses no section and adds none twice after a run that was killed in between', async () => {
    refused = PATH;
    await expect(write()).rejects.toThrow('CHANGELOG.md can not be written');
    refused = undefined;
    await write();
    expect(new Set(allSections()).size).toBe(OLD.length + 1);
    expect(allSections()).toHaveLength(OLD.length + 1);
  });

  it('keeps a section that another job adds in between', async () => {
    const other = '## 2026-11-24 another job\n\n- new\n\n';
    beforeWrite = (path) => {
      beforeWrite = () => {};
      if (path === PATH) return;
      files.set(PATH, (files.get(PATH) ?? '').replace('## 2026', `${other}## 2026`));
    };
    await write();
    expect(files.get(PATH)).toContain('another job');
    expect(new Set(allSections()).size).toBe(OLD.length + 2);
  });
});
