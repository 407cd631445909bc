import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OutputChunk, rolldown } from 'rolldown';
import * as v from 'valibot';
import config from '../../rolldown.config.ts';

/** An npm package that dist/ holds code of. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, as its package.json states it. */
  readonly licence?: string;
  /** Subresource integrity of its archive, from package-lock.json. */
  readonly integrity?: string;
  /** Bytes of code in each file of dist/. */
  readonly bytesByFile: ReadonlyMap<string, number>;
}

export interface Bundle {
  readonly packages: readonly BundledPackage[];
  /** Bytes of this repository's own code in each file of dist/. */
  readonly ownBytesByFile: ReadonlyMap<string, number>;
  /** Files that are loaded when an entry starts. The others are loaded when they are needed. */
  readonly filesAtStart: ReadonlySet<string>;
}

const Manifest = v.object({ name: v.string(), version: v.string(), license: v.optional(v.string()) });
const Lock = v.object({
  packages: v.record(v.string(), v.object({ version: v.optional(v.string()), integrity: v.optional(v.string()) })),
});

/** Builds in memory, and reports what code of which package is in each file. @param root of the repository, with `/` */
export async function readBundle(root: string): Promise<Bundle> {
  const build = await rolldown({ ...config, cwd: root, logLevel: 'warn' });
  try {
    const { output } = await build.generate([config.output].flat()[0]);
    const chunks = output.filter((file) => file.type === 'chunk');
    const lock = v.parse(Lock, JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')));
    return {
      packages: Array.from(bytesByFolder(chunks), ([folder, bytesByFile]) =>
        readPackage(folder, bytesByFile, lock),
      ).toSorted((a, b) => compareText(a.name, b.name) || compareText(a.version, b.version)),
      ownBytesByFile: ownBytes(chunks),
      filesAtStart: filesAtStart(chunks),
    };
  } finally {
    await build.close();
  }
}

/** The folder of the package that a module belongs to; undefined for the repository's own and for helpers. */
export function packageFolder(moduleId: string): string | undefined {
  const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(moduleId.replaceAll('\\', '/'))?.[0];
  return folder !== undefined && existsSync(join(folder, 'package.json')) ? folder : undefined;
}

function bytesByFolder(chunks: readonly OutputChunk[]): Map<string, Map<string, number>> {
  const folders = new Map<string, Map<string, number>>();
  for (const { fileName, modules } of chunks) {
    for (const [id, { renderedLength }] of Object.entries(modules)) {
      const folder = packageFolder(id);
      if (folder === undefined) continue;
      const files = folders.get(folder) ?? new Map<string, number>();
      files.set(fileName, (files.get(fileName) ?? 0) + renderedLength);
      folders.set(folder, files);
    }
  }
  return folders;
}

function filesAtStart(chunks: readonly OutputChunk[]): Set<string> {
  // The entries check the version of Node, and then import the rest.
  const entries = chunks.filter(({ isEntry }) => isEntry);
  const files = new Set(entries.flatMap(({ fileName, dynamicImports }) => [fileName, ...dynamicImports]));
  // A set's loop visits what is added meanwhile.
  for (const file of files)
    for (const imported of chunks.find(({ fileName }) => fileName === file)?.imports ?? []) files.add(imported);
  return files;
}

function ownBytes(chunks: readonly OutputChunk[]): Map<string, number> {
  const sizes = chunks.map(({ fileName, modules }): [string, number] => {
    const own = Object.entries(modules).filter(([id]) => packageFolder(id) === undefined);
    return [fileName, own.reduce((sum, [, { renderedLength }]) => sum + renderedLength, 0)];
  });
  return new Map(sizes.filter(([, bytes]) => bytes > 0));
}

function readPackage(
  folder: string,
  bytesByFile: ReadonlyMap<string, number>,
  lock: v.InferOutput<typeof Lock>,
): BundledPackage {
  const { name, version, license } = v.parse(
    Manifest,
    JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
  );
  const locked = lock.packages[folder.slice(folder.indexOf('/node_modules/') + 1)];
  if (locked?.version !== version) {
    const found = locked?.version ?? 'not in it';
    throw new Error(`${name} ${version} is bundled, but package-lock.json has ${found}. Run: npm ci`);
  }
  const { integrity } = locked;
  return {
    name,
    version,
    bytesByFile,
    ...(license !== undefined && { licence: license }),
    ...(integrity !== undefined && { integrity }),
  };
}

/** By code units, the same on every machine. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
