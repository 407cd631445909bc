import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const FOLDER = fileURLToPath(new URL('../../catalogue/', import.meta.url));

/**
 * Builds the catalogue's page from `catalogue/`: one HTML file with its style and its script inside, and the placeholder
 * `{{catalogue}}` where the action puts the data.
 *
 * @throws Error if a part of the page would end the element that it is in
 */
export async function buildPage(): Promise<string> {
  const read = (name: string): string => readFileSync(FOLDER + name, 'utf8');
  const style = inside('style', read('style.css'));
  const script = inside('script', await bundle());
  return [
    ['{{csp}}', policyFor(style, script)],
    ['<link rel="stylesheet" href="style.css" />', `<style>${style}</style>`],
    ['<script src="main.ts"></script>', `<script>${script}</script>`],
    ['<script id="catalogue" type="application/json">', '$&{{catalogue}}'],
  ].reduce((page, [place = '', text = '']) => fill(page, place, text), read('index.html'));
}

async function bundle(): Promise<string> {
  const build = await rolldown({ input: `${FOLDER}main.ts`, platform: 'browser' });
  try {
    const { output } = await build.generate({ format: 'iife', minify: false });
    return output[0].code;
  } finally {
    await build.close();
  }
}

/** The text between `<script>` and `</script>`, or of a style. The policy has the hash of exactly this text. */
function inside(element: 'script' | 'style', text: string): string {
  if (text.toLowerCase().includes(`</${element}`)) throw new Error(`The page's ${element} would end early`);
  return `\n${text.trim()}\n`;
}

/** What the page may do: run its own script, and read files beside it. https://www.w3.org/TR/CSP3/ */
function policyFor(style: string, script: string): string {
  const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

/** Puts `text` where the page has `place`, or after it where it starts with `$&`. */
function fill(page: string, place: string, text: string): string {
  const [before, after, ...more] = page.split(place);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`catalogue/index.html must have ${place} once`);
  return before + text.replace(/^\$&/, place) + after;
}
