import { printable } from '../oci/errors.ts';

/**
 * Text from registries in GitHub-flavoured Markdown. https://github.github.com/gfm/
 */

/**
 * Escapes all markup in `text`: it can create no link, mention, issue number, HTML, table cell or comment. The result is one line,
 * and must not start a line of Markdown, where `-` or `1.` would begin a list.
 */
export function escapeMarkdown(text: string): string {
  return (
    printable(text, Number.POSITIVE_INFINITY)
      .replace(/[\\`*_{}[\]()#!|~$^]|:(?=\/\/)|(?<=www)\./g, '\\$&')
      // GitHub finds mentions and issue numbers in the rendered page, where backslashes no longer count.

      .replace(/[@#]/g, '$&\u200b')
      .replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
  );
}

/** A code span that no character of `text` can close, and that fits into a table cell. */
export function codeSpan(text: string): string {
  const line = printable(text, Number.POSITIVE_INFINITY).replaceAll('`', "'").replaceAll('|', '\u00a6');
  return `\`${line === '' ? ' ' : line}\``;
}

/** The first `most` of `items` as code spans, then `and N more`. */
export function codeList(items: readonly string[], most = 12): string {
  const shown = items.slice(0, most).map((item) => codeSpan(item));
  const rest = items.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}

/** A link whose text is plain. `url` must not come from a registry, except for parts of its path. */
export function link(text: string, url: URL): string {
  // A URL may contain these, which would end the destination or the table cell.
  const destination = url.href.replace(/[()\\|`]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  return `[${escapeMarkdown(text)}](${destination})`;
}

/** Text as code in HTML, where Markdown is not parsed: inside of `<summary>`. */
export function htmlCode(text: string): string {
  const line = printable(text, Number.POSITIVE_INFINITY);
  return `<code>${line.replace(/[&<>"'`]/g, (sign) => `&#${sign.charCodeAt(0)};`)}</code>`;
}

/** A code block whose fence is longer than any run of backticks in `content`. */
export function codeBlock(content: string, language: string): string {
  const longest = Array.from(content.matchAll(/`+/g), ([run]) => run.length).reduce(
    (a, b) => Math.max(a, b),
    3,
  );
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${content.trimEnd()}\n${fence}\n`;
}
