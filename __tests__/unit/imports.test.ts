import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

/** What each folder may import besides its own files: docs/architecture.md draws it. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  oci: [],
  mirror: ['oci'],
  inputs: ['mirror', 'oci'],
  copy: ['mirror', 'oci'],
  github: ['mirror', 'oci'],
  plan: ['mirror', 'oci'],
  report: ['copy', 'plan', 'mirror', 'oci'],
  reconcile: ['plan', 'mirror', 'oci'],
  record: ['copy', 'github', 'plan', 'report', 'mirror', 'oci'],
  list: ['mirror', 'oci'],
  select: ['mirror', 'oci'],
  modes: [
    'copy',
    'github',
    'inputs',
    'list',
    'plan',
    'reconcile',
    'record',
    'report',
    'select',
    'mirror',
    'oci',
  ],
  action: ['copy', 'github', 'inputs', 'modes', 'mirror', 'oci'],
  // index.ts, start.ts, main.ts and post.ts
  '': ['action', 'inputs', 'modes', 'report', 'mirror', 'oci'],
};

/** Windows has backslashes. */
const withSlashes = (path: string): string => path.replaceAll('\\', '/');

const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : '');

/** `from → to` for each import of a file that its folder must not have. */
function forbiddenImports(file: string): string[] {
  const folder = folderOf(file);
  const text = readFileSync(join(SRC, file), 'utf8');
  return Array.from(text.matchAll(/(?:from |import\()'(\.[^']+)'/g), ([, target = '']) =>
    withSlashes(relative(SRC, join(SRC, dirname(file), target))),
  )
    .filter((target) => folderOf(target) !== folder && !ALLOWED[folder]?.includes(folderOf(target)))
    .map((target) => `${file} → ${target}`);
}

describe('imports', () => {
  const files = globSync('**/*.ts', { cwd: SRC }).map(withSlashes);

  it('are those of files that were found', () => {
    expect(files).toContain('oci/digest.ts');
  });

  it('point from later steps to earlier ones only', () => {
    expect(files.flatMap(forbiddenImports)).toEqual([]);
  });

  it('use @actions/* and process.env in src/action/ and the entries alone', () => {
    const users = files.filter((file) =>
      /from '@actions\/|import\('@actions\/|process\.env/.test(readFileSync(join(SRC, file), 'utf8')),
    );
    expect(users.filter((file) => !/^(?:action\/|(?:index|start|post)\.ts$)/.test(file))).toEqual([]);
  });
});
