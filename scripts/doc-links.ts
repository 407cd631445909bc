import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What documents name that does not exist: files and folders of the repository, and headings. */

/** Links to a file of this repository by its address, which the Marketplace needs for pictures. */
const OWN_ADDRESS =
  /https:\/\/(?:raw\.githubusercontent\.com\/gcrxio\/sync-action|github\.com\/gcrxio\/sync-action\/(?:blob|tree|raw))\/[^/\s)"]+\/([^\s)"#]+)/g;

/**
 * The names that no file, folder or heading has, as `document: name`.
 *
 * @param root folder of the repository
 */
export function findBrokenLinks(root: string): string[] {
  const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).toSorted();
  const texts = new Map(documents.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
  return Array.from(texts).flatMap(([document, text]) => {
    const prose = withoutFences(text);
    const paths = [...linkedPaths(prose, dirname(document)), ...pathsInCode(text)];
    const missing = Array.from(new Set(paths)).filter((path) => !existsSync(join(root, path)));
    return [...missing, ...missingAnchors(document, prose, texts)].map((name) => `${document}: ${name}`);
  });
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsIn(text: string): Set<string> {
  const counts = new Map<string, number>();
  const headings = Array.from(withoutFences(text).matchAll(/^#{1,6} +(.+?) *#*$/gm), ([, name = '']) => name);
  const anchors = headings.map((heading) => {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain.replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '').replaceAll(' ', '-');
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  return new Set(anchors);
}

/** Links with an anchor that the document they lead to does not have. */
function missingAnchors(document: string, prose: string, texts: ReadonlyMap<string, string>): string[] {
  const links = Array.from(
    prose.matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g),
    ([, path = '', anchor = '']) => ({
      path: path === '' ? document : join(dirname(document), path),
      anchor,
    }),
  );
  return links
    .filter(({ path, anchor }) => {
      const text = texts.get(path);
      return text !== undefined && !anchorsIn(text).has(decodeURIComponent(anchor));
    })
    .map(({ path, anchor }) => `${path}#${anchor}`);
}

/** Targets of relative links, and files of this repository that are linked by their address. */
function linkedPaths(prose: string, folder: string): string[] {
  return [
    ...Array.from(prose.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g), ([, path = '']) =>
      join(folder, path),
    ),
    ...Array.from(prose.matchAll(OWN_ADDRESS), ([, path = '']) => path),
  ];
}

/** Paths in code spans: from the root, or as the threat model has them, sources from src/ and tests from __tests__/. */
function pathsInCode(text: string): string[] {
  const spans = Array.from(text.matchAll(/`([\w./-]+)`/g), ([, span = '']) => span);
  return spans.flatMap((span) => {
    if (/^(?:src|__tests__|scripts|bench|docs|examples|\.ci)\//.test(span)) return [span];
    if (/^(?:unit|integration)\/./.test(span) && !span.endsWith('/')) return [`__tests__/${span}.test.ts`];
    return /^[\w-]+(?:\/[\w-]+)*\.ts$/.test(span) ? [`src/${span}`] : [];
  });
}

/** The text without blocks of code, whose lines may look like headings and links. */
function withoutFences(text: string): string {
  return text.replaceAll(/^( *)(```+)[^\n]*\n[\s\S]*?^\1\2 *$/gm, '');
}
