import { printable } from '../oci/errors.ts';

/**
 * Text from registries in GitHub-flavoured Markdown. https://github.github.com/gfm/
 */

/** Text in which nothing is markup: no link, mention, HTML, table or comment comes of it. One line. */
export function escapeMarkdown(text: string): string {
  return printable(text, Number.POSITIVE_INFINITY)
    .replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replace(/[\\`*_{}[\]()#+!|~$^=:@-]/g, '\\$&');
}

/** Text as code: in a span that no backtick in it can close, and that fits a table's cell. */
export function codeSpan(text: string): string {
  const line = printable(text, Number.POSITIVE_INFINITY).replaceAll('|', '\u00a6');
  const longest = Math.max(0, ...Array.from(line.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = line === '' || line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** The first dozen of `items` as code, `and N more` for the rest. */
export function codeList(items: readonly string[], most = 12): string {
  const shown = items.slice(0, most).map((item) => codeSpan(item));
  const rest = items.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}
