export interface ChangelogSection {
  /** `2026-11-30` */
  readonly date: string;
  /** Markdown, without the heading and without link definitions. */
  readonly notes: string;
}

/** Headings of https://keepachangelog.com/en/1.1.0/. */
const KINDS = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'];

/**
 * The section of one version in a file of https://keepachangelog.com/en/1.1.0/.
 * @throws if it is not there, has no date, or says nothing; the message says how to put it right
 */
export function readChangelogSection(changelog: string, version: string): ChangelogSection {
  const sections = changelog.split(/^(?=## )/m).slice(1);
  const section = sections.find((text) => text.startsWith(`## [${version}]`));
  if (section === undefined)
    throw new Error(`CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD". Add it.`);
  const [heading = '', ...lines] = section.split('\n');
  const date = /^## \[[^\]]+\] - (\d{4}-\d{2}-\d{2})$/.exec(heading)?.[1];
  if (date === undefined || Number.isNaN(Date.parse(date)))
    throw new Error(`CHANGELOG.md: "${heading}" has no date such as 2026-11-30. Add it after " - ".`);
  const notes = lines
    .filter((line) => !/^\[[^\]]+\]: \S+$/.test(line))
    .join('\n')
    .trim();
  if (notes === '') throw new Error(`CHANGELOG.md says nothing about ${version}. Write what changed.`);
  for (const [, kind = ''] of notes.matchAll(/^### (.*)$/gm)) {
    if (!KINDS.includes(kind))
      throw new Error(`CHANGELOG.md: "### ${kind}" of ${version} is none of ${KINDS.join(', ')}.`);
  }
  if (!changelog.includes(`\n[${version}]: `))
    throw new Error(`CHANGELOG.md has no link for [${version}]. Add it at the end of the file.`);
  return { date, notes };
}
