import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MetadataError } from '../../../src/github/errors.ts';
import {
  MAX_CHANGELOG_BYTES,
  addToArchive,
  archiveChangelog,
} from '../../../src/record/changelog-archive.ts';

const PREAMBLE = '# Changelog\n\nKept by a workflow.\n\n';
const OPTIONS = { path: 'docs/CHANGELOG.md', year: 2026, isOwn: () => false };

function section(heading: string, bytes: number): string {
  return `## ${heading}\n\n${'- `image`: added `v1`\n'.repeat(Math.ceil(bytes / 21))}\n`;
}

/** One section of 20 kB per month, the newest first. */
function monthly(from: number, to: number): string[] {
  const years = Array.from({ length: to - from + 1 }, (_, index) => to - index);
  return years.flatMap((year) =>
    Array.from({ length: 12 }, (_, index) =>
      section(`${year}-${String(12 - index).padStart(2, '0')}-01 08:00:00 UTC: x`, 20_000),
    ),
  );
}

const partsOf = (text: string): string[] => text.split(/^(?=## )/m).filter((part) => part.startsWith('## '));

describe('archiveChangelog', () => {
  it('changes nothing in a text that GitHub shows', () => {
    const text = PREAMBLE + monthly(2026, 2026).join('');
    expect(archiveChangelog(text, OPTIONS)).toEqual({ current: text, archives: new Map() });
  });

  it('moves the oldest sections to a file per year, and links the files', () => {
    const sections = monthly(2024, 2026);
    const { current, archives } = archiveChangelog(PREAMBLE + sections.join(''), OPTIONS);
    expect(Array.from(archives.keys()).toSorted()).toEqual([
      'docs/CHANGELOG-2024.md',
      'docs/CHANGELOG-2025.md',
      'docs/CHANGELOG-2026.md',
    ]);
    expect(current).toContain(
      '# Changelog\n\nKept by a workflow.\n\nOlder changes: [2026](CHANGELOG-2026.md), [2025](CHANGELOG-2025.md), [2024](CHANGELOG-2024.md)\n\n## 2026-12-01',
    );
    expect(Buffer.byteLength(current)).toBeLessThan(200 * 1024);
    const moved = ['2026', '2025', '2024'].flatMap((year) => archives.get(`docs/CHANGELOG-${year}.md`) ?? []);
    expect([...partsOf(current), ...moved]).toEqual(sections);
  });

  it('continues a year in another file, and never touches one that is linked', () => {
    const text = `# Changelog\n\nOlder changes: [2025](CHANGELOG-2025.md)\n\n${monthly(2024, 2025).join('')}`;
    const { current, archives } = archiveChangelog(text, OPTIONS);
    expect(Array.from(archives.keys()).toSorted()).toEqual([
      'docs/CHANGELOG-2024.md',
      'docs/CHANGELOG-2025-2.md',
    ]);
    expect(current.match(/^Older changes: .*$/gm)).toEqual([
      'Older changes: [2025-2](CHANGELOG-2025-2.md), [2025](CHANGELOG-2025.md), [2024](CHANGELOG-2024.md)',
    ]);
  });

  it('reads links that a person has written, with a "%" that escapes nothing', () => {
    const links = 'Older changes: [50%](50%25.md), [all](100%.md)';
    const text = `# Changelog\n\n${links}\n\n${monthly(2024, 2025).join('')}`;
    const { current } = archiveChangelog(text, OPTIONS);
    expect(current).toMatch(/^Older changes: .*CHANGELOG-2024\.md/m);
    expect(current).toContain('100%');
  });

  it('keeps the sections of the run, wherever they stand', () => {
    const own = section('2020-01-01: mine', 1000);
    const text = PREAMBLE + monthly(2024, 2026).join('') + own;
    const { current, archives } = archiveChangelog(text, { ...OPTIONS, isOwn: (one) => one === own });
    expect(current).toContain(own);
    expect(Array.from(archives.values()).flat()).not.toContain(own);
  });

  it('gives a section without a date the year of the one above it, or the given one', () => {
    const sections = [
      section('no date', 300_000),
      section('none', 300_000),
      section('2023-01-01', 300_000),
      section('?', 9),
    ];
    const { archives } = archiveChangelog(PREAMBLE + sections.join(''), OPTIONS);
    expect(archives.get('docs/CHANGELOG-2026.md')).toEqual([sections[1]]);
    expect(archives.get('docs/CHANGELOG-2023.md')).toEqual(sections.slice(2));
  });

  it('keeps the newest section, however large', () => {
    const sections = [section('2026-02-01', 900_000), section('2026-01-01', 100)];
    expect(partsOf(archiveChangelog(PREAMBLE + sections.join(''), OPTIONS).current)).toEqual([sections[0]]);
  });

  it('splits a file of 40 MB into files that GitHub shows', () => {
    const sections = Array.from({ length: 2000 }, (_, index) =>
      section(`${2026 - Math.floor(index / 400)}-01-01`, 20_000),
    );
    const { current, archives } = archiveChangelog(PREAMBLE + sections.join(''), OPTIONS);
    expect(Buffer.byteLength(current)).toBeLessThan(MAX_CHANGELOG_BYTES);
    for (const moved of archives.values())
      expect(Buffer.byteLength(addToArchive(undefined, moved))).toBeLessThan(512 * 1024);
    expect(partsOf(current).length + Array.from(archives.values()).flat().length).toBe(2000);
  });

  it('rejects a text without sections that GitHub does not accept, with its own remedy', () => {
    const text = `# Changelog\n\n${'text\n'.repeat(8_000_000)}`;
    expect(() => archiveChangelog(text, OPTIONS)).toThrow(MetadataError);
    expect(() => archiveChangelog(text, OPTIONS)).toThrow(
      /docs\/CHANGELOG\.md would have 40\.0 MB, more than GitHub accepts, and no sections .*"changelog-path"/,
    );
  });

  it('keeps CRLF in its own lines', () => {
    const text = (PREAMBLE + monthly(2024, 2026).join('')).replaceAll('\n', '\r\n');
    const { current } = archiveChangelog(text, OPTIONS);
    expect(current.replaceAll('\r\n', '')).not.toContain('\n');
  });

  const headings = fc.constantFrom('2026-05-01', '2025-12-31', '2024-02-29', 'before dates', '### deeper');
  const texts = fc
    .array(fc.tuple(headings, fc.integer({ min: 0, max: 120_000 })), { minLength: 1, maxLength: 40 })
    .map((all) => all.map(([heading, bytes], index) => section(`${heading} ${index}`, bytes)));

  it('loses no section, and moves none twice', () => {
    fc.assert(
      fc.property(texts, fc.constantFrom('', PREAMBLE), (sections, preamble) => {
        const { current, archives } = archiveChangelog(preamble + sections.join(''), OPTIONS);
        const moved = Array.from(archives.values()).flat();
        expect([...partsOf(current), ...moved].toSorted()).toEqual(sections.toSorted());
        expect(archiveChangelog(current, OPTIONS).current).toBe(current);
      }),
      { numRuns: 50 },
    );
  });
});

describe('addToArchive', () => {
  const [newer, older] = [section('2025-12-01', 100), section('2025-11-01', 100)];

  it('makes a file with a heading', () => {
    expect(addToArchive(undefined, [newer, older])).toBe(`# Changelog\n\n${newer}${older}`);
  });

  it('puts sections before older ones, below the text on top', () => {
    expect(addToArchive(`# Old\n\nNotes.\n\n${older}`, [newer])).toBe(`# Old\n\nNotes.\n\n${newer}${older}`);
  });

  it('adds none that the file has', () => {
    const text = addToArchive(undefined, [newer, older]);
    expect(addToArchive(text, [newer, older])).toBe(text);
  });
});
