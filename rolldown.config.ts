import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Plugin, defineConfig } from 'rolldown';
import * as v from 'valibot';
import { buildPage } from './scripts/page/build-page.ts';

/** Writes the licence of every bundled package beside the bundle, as most of these licences require. */
const licences: Plugin = {
  name: 'licences',
  generateBundle() {
    const folders = new Set<string>();
    for (const id of this.getModuleIds()) {
      const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0];
      if (folder !== undefined && existsSync(join(folder, 'package.json'))) folders.add(folder);
    }
    const texts = Array.from(folders, licenceOf).toSorted();
    this.emitFile({ type: 'asset', fileName: 'licences.txt', source: texts.join('\n\n') });
  },
};

/** Builds the catalogue's page beside the bundle, which reads it only where there is a catalogue to write. */
const cataloguePage: Plugin = {
  name: 'catalogue-page',
  async generateBundle() {
    this.emitFile({ type: 'asset', fileName: 'catalogue.html', source: await buildPage() });
  },
};

/**
 * Writes all other characters than ASCII as escapes, which mean the same in strings, templates and regular expressions. V8 keeps the
 * text of a module in memory, with two bytes for each character if a single one of them needs two.
 */
const ascii: Plugin = {
  name: 'ascii',
  renderChunk(code) {
    // oxlint-disable-next-line no-control-regex
    return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  },
};

const Package = v.object({ name: v.string(), version: v.string(), license: v.optional(v.string()) });

function licenceOf(folder: string): string {
  const { name, version, license } = v.parse(
    Package,
    JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
  );
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? '' : `\n\n${readFileSync(join(folder, file), 'utf8').trim()}`;
  return `${name} ${version} (${license ?? 'no licence stated'})${text}\n`;
}

/** The modules that both entries need. @actions/cache is not among them: it is loaded once there is something to copy. */
const SHARED = /node_modules\/@actions\/(?:core|exec|io)\/|src\/action\/docker-folder/;

/**
 * Packages that do nothing when they are imported, and do not say so in their package.json. Without this, the HTTP client with which
 * @actions/core requests tokens, and its own version of undici, would be loaded at each start, though only @actions/cache uses them.
 */
const WITHOUT_SIDE_EFFECTS = /node_modules\/(?:@actions\/(?:core|http-client)|tunnel)\//;

/** The bundle runs without node_modules. It is not minified, so that a reviewer can read it. */
export default defineConfig({
  input: { index: 'src/index.ts', post: 'src/post.ts' },
  platform: 'node',
  plugins: [licences, cataloguePage, ascii],
  treeshake: { moduleSideEffects: [{ test: WITHOUT_SIDE_EFFECTS, sideEffects: false }] },
  output: {
    dir: 'dist',
    format: 'esm',
    minify: false,
    cleanDir: true,
    chunkFileNames: '[name].js',
    codeSplitting: { groups: [{ name: 'shared', test: SHARED }] },
  },
});
