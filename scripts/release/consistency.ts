import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { readChangelogSection } from './changelog.ts';
import type { Version } from './version.ts';

/** The files of the repository that name its version, as text. */
export interface VersionedFiles {
  readonly 'package.json': string;
  readonly 'package-lock.json': string;
  readonly 'CHANGELOG.md': string;
  /** README in both languages, examples and documents, by path: they name the major version. */
  readonly documents: Readonly<Record<string, string>>;
}

/** Reads them. A file that is not there is empty. @param root of the repository */
export function readVersionedFiles(root: string): VersionedFiles {
  const read = (path: string): string =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '';
  const documents = globSync(['README*.md', 'docs/**/*.md', 'examples/**/*.yml'], { cwd: root });
  return {
    'package.json': read('package.json'),
    'package-lock.json': read('package-lock.json'),
    'CHANGELOG.md': read('CHANGELOG.md'),
    documents: Object.fromEntries(documents.map((path) => [path.replaceAll('\\', '/'), read(path)])),
  };
}

/** Where the files and the tag disagree; empty if nowhere. Each message names the file and what it should say. */
export function findMismatches(version: Version, files: VersionedFiles): string[] {
  return [
    ...packageMismatches(version, files),
    ...changelogMismatches(version, files),
    ...Object.entries(files.documents).flatMap(([path, text]) => documentMismatches(version, path, text)),
    ...(Object.values(files.documents).some((text) => USES.test(text))
      ? []
      : ['No document shows "uses: gcrxio/sync-action@v…".']),
  ];
}

const Manifest = v.object({ version: v.string() });
const Lock = v.object({ version: v.string(), packages: v.object({ '': Manifest }) });

function packageMismatches({ tag, text }: Version, files: VersionedFiles): string[] {
  const manifest = v.parse(Manifest, JSON.parse(files['package.json']));
  const lock = v.parse(Lock, JSON.parse(files['package-lock.json']));
  const versions = [
    ['package.json', manifest.version],
    ['package-lock.json', lock.version],
    ['package-lock.json (packages)', lock.packages[''].version],
  ] as const;
  return versions
    .filter(([, found]) => found !== text)
    .map(
      ([file, found]) =>
        `${file} has version ${found}, but the tag is ${tag}. Run: npm version ${text} --no-git-tag-version`,
    );
}

function changelogMismatches({ text }: Version, files: VersionedFiles): string[] {
  try {
    readChangelogSection(files['CHANGELOG.md'], text);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** `uses: gcrxio/sync-action@v1`, and files of a version by URL: `gcrxio/sync-action/v1/mirror.schema.json`. */
const USES = /gcrxio\/sync-action[@/]v(\d+)(?:[.\d]*)/;

function documentMismatches({ major, tag }: Version, path: string, text: string): string[] {
  const named = new Map(
    Array.from(text.matchAll(new RegExp(USES, 'g')), ([match, number]) => [match, Number(number)] as const),
  );
  return Array.from(named)
    .filter(([, number]) => number !== major)
    .map(([match]) => `${path} names ${match}, but the tag is ${tag}. Name v${major}.`);
}
