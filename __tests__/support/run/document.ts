import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { renderGfm } from '../fixtures/gfm.ts';

/** The width of a job summary on a page of GitHub. */
export const WIDTH = 900;

/** GitHub's two themes. */
export type Theme = 'light' | 'dark';

/** The document of `markdown` as GitHub shows it. */
export function renderDocument(markdown: string, theme: Theme): string {
  const css = createRequire(import.meta.url).resolve(`github-markdown-css/github-markdown-${theme}.css`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Job summary</title>
<style>
${readFileSync(css, 'utf8')}
body { margin: 0; background: ${theme === 'light' ? '#ffffff' : '#0d1117'}; }
.markdown-body { box-sizing: border-box; max-width: ${WIDTH}px; padding: 24px; }
</style>
<article class="markdown-body">
${renderGfm(markdown)}
</article>
`;
}
