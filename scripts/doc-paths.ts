/** Fails if a document names a file or folder of this repository that does not exist, or links to one. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const DOCUMENTS = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT });

const missing = DOCUMENTS.flatMap((document) => {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const paths = [...linksIn(text, dirname(document)), ...namesIn(text)];
  return Array.from(new Set(paths))
    .filter((path) => !existsSync(join(ROOT, path)))
    .map((path) => `${document}: ${path}`);
});
if (missing.length > 0) throw new Error(`Documents name files that do not exist:\n${missing.join('\n')}`);

/** Targets of relative links. */
function linksIn(text: string, folder: string): string[] {
  return Array.from(text.matchAll(/\]\((?!https?:|#)([^)#]+)/g), ([, path = '']) => join(folder, path));
}

/** Paths in code spans: from the root, or as the threat model has them, sources from src/ and tests from __tests__/. */
function namesIn(text: string): string[] {
  const spans = Array.from(text.matchAll(/`([\w./-]+)`/g), ([, span = '']) => span);
  return spans.flatMap((span) => {
    if (/^(?:src|__tests__|scripts|bench|docs|examples|\.ci)\//.test(span)) return [span];
    if (/^(?:unit|integration)\/./.test(span) && !span.endsWith('/')) return [`__tests__/${span}.test.ts`];
    return /^[\w-]+(?:\/[\w-]+)*\.ts$/.test(span) ? [`src/${span}`] : [];
  });
}
