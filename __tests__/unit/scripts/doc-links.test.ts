import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { anchorsIn, findBrokenLinks } from '../../../scripts/doc-links.ts';

/** What is broken in a repository with these files. */
function brokenIn(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'documents-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return findBrokenLinks(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe('anchorsIn', () => {
  it('makes anchors as GitHub does', () => {
    const text =
      "# How it works\n## `http-timeout`\n## What's [new](x.md)?\n## Twice\n### Twice\n## 快速开始\n";
    expect(Array.from(anchorsIn(text))).toEqual([
      'how-it-works',
      'http-timeout',
      'whats-new',
      'twice',
      'twice-1',
      '快速开始',
    ]);
  });

  it('takes no comment in a block of code for a heading', () => {
    expect(anchorsIn('```yaml\n# a comment\n```\n# Heading\n')).toEqual(new Set(['heading']));
  });
});

describe('findBrokenLinks', () => {
  it('finds nothing where everything exists', () => {
    const files = {
      'README.md':
        '# Start\n[a](docs/a.md#part) [b](#start) [c](docs/) `docs/a.md` [d](https://x.example/y#z)',
      'docs/a.md': '## Part\n[up](../README.md#start)',
    };
    expect(brokenIn(files)).toEqual([]);
  });

  it('names files, headings, code spans and own addresses that do not exist', () => {
    const files = {
      'README.md':
        '[a](docs/none.md) [b](docs/a.md#no) [c](#nor) `src/none.ts` ' +
        '![p](https://raw.githubusercontent.com/gcrxio/sync-action/main/docs/none.png)',
      'docs/a.md': '# Yes\n[up](../README.md#no)',
    };
    expect(brokenIn(files)).toEqual([
      'README.md: docs/none.md',
      'README.md: docs/none.png',
      'README.md: src/none.ts',
      'README.md: docs/a.md#no',
      'README.md: README.md#nor',
      'docs/a.md: README.md#no',
    ]);
  });

  it('finds nothing broken in this repository', () => {
    expect(findBrokenLinks(fileURLToPath(new URL('../../../', import.meta.url)))).toEqual([]);
  });
});
