/** The headings of GitHub's issue forms are the labels of their fields. https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema */
export const IMAGES_HEADING = '### Images';
/** The label of the checkbox that asks for a pull request. */
export const LIST_CHECKBOX = 'Add these images to the list';
/** What GitHub writes for a field that was left empty. */
const NO_RESPONSE = '_No response_';

/**
 * The text below the heading `### Images` of an issue, up to the next heading of a field. Code fences and HTML comments become
 * empty lines. Line 1 is the first with content.
 *
 * @param body untrusted: anyone may open an issue
 * @returns undefined if there is no such heading
 */
export function imagesSection(body: string): string | undefined {
  const lines = visibleLines(body);
  const start = lines.indexOf(IMAGES_HEADING);
  if (start === -1) return undefined;
  const after = lines.slice(start + 1);
  const end = after.findIndex((line) => line.startsWith('### '));
  const section = (end === -1 ? after : after.slice(0, end)).map((line) =>
    /^(?:`{3}|~{3})/.test(line) || line === NO_RESPONSE ? '' : line,
  );
  const first = section.findIndex((line) => line !== '');
  return first === -1 ? '' : section.slice(first).join('\n').trimEnd();
}

/** True if the issue has the checkbox `LIST_CHECKBOX`, ticked. */
export function isListWanted(body: string): boolean {
  return visibleLines(body).some(
    (line) => /^- \[[xX]\] /.test(line) && line.slice('- [x] '.length) === LIST_CHECKBOX,
  );
}

/** The lines without HTML comments, which a reader of the issue does not see. A comment that is not closed hides all after it. */
function visibleLines(body: string): string[] {
  let shown = '';
  let at = 0;
  for (;;) {
    const start = body.indexOf('<!--', at);
    shown += body.slice(at, start === -1 ? undefined : start);
    if (start === -1) break;
    const end = body.indexOf('-->', start);
    if (end === -1) break;
    // The lines keep their numbers.
    shown += body.slice(start, end).replaceAll(/[^\n]/g, '');
    at = end + '-->'.length;
  }
  return shown.split(/\r\n|\r|\n/).map((line) => line.trim());
}
