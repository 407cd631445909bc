import { printable } from '../oci/errors.ts';

/**
 * Text from registries in GitHub-flavoured Markdown. https://github.github.com/gfm/
 */

/** Text in which nothing is markup: no link, mention, issue number, HTML, table or comment comes of it. One line, not to be put at a line's start. */
export function escapeMarkdown(text: string): string {
  return (
    printable(text, Number.POSITIVE_INFINITY)
      .replace(/[\\`*_{}[\]()#!|~$^]|:(?=\/\/)|(?<=www)\./g, '\\$&')
      // GitHub looks for mentions and issue numbers in the finished page, where a backslash is gone.
      .replace(/[@#]/g, '$&\u200b')
      .replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
  );
}

/** Text as code, in a span that nothing in it can close and that fits a table's cell. */
export function codeSpan(text: string): string {
  const line = printable(text, Number.POSITIVE_INFINITY).replaceAll('`', "'").replaceAll('|', '\u00a6');
  return `\`${line === '' ? ' ' : line}\``;
}

/** The first dozen of `items` as code, `and N more` for the rest. */
export function codeList(items: readonly string[], most = 12): string {
  const shown = items.slice(0, most).map((item) => codeSpan(item));
  const rest = items.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}
