import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readChangelogSection } from '../../scripts/release/changelog.ts';
import { findMismatches, readVersionedFiles } from '../../scripts/release/consistency.ts';
import { parseTag } from '../../scripts/release/version.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(ROOT + path, 'utf8');
const { version } = v.parse(v.object({ version: v.string() }), JSON.parse(read('package.json')));

describe('action.yml', () => {
  const action = v.parse(
    v.object({
      name: v.string(),
      description: v.string(),
      author: v.string(),
      branding: v.object({ icon: v.string(), color: v.string() }),
    }),
    parse(read('action.yml')),
  );

  it('has a description that the Marketplace takes: less than 125 characters on one line', () => {
    expect(action.description.length).toBeLessThan(125);
    expect(action.description).not.toContain('\n');
  });

  // https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax#branding
  it('has an icon and a colour of those that the Marketplace has', () => {
    const colours = ['white', 'black', 'yellow', 'blue', 'green', 'orange', 'red', 'purple', 'gray-dark'];
    expect(colours).toContain(action.branding.color);
    // Feather icons 4.28.0 for things that are kept, copied or carried.
    expect(['anchor', 'archive', 'box', 'copy', 'database', 'layers', 'package', 'refresh-cw']).toContain(
      action.branding.icon,
    );
  });
});

describe('README.md', () => {
  it('is short enough to be read: at most 14 kB', () => {
    expect(Buffer.byteLength(read('README.md'))).toBeLessThanOrEqual(14_000);
  });

  it('reads in the Marketplace: images have absolute links', () => {
    const images = Array.from(read('README.md').matchAll(/!\[[^\]]*\]\(([^)]+)\)|<img[^>]+src="([^"]+)"/g));
    const links = images.map(([, markdown, html]) => markdown ?? html ?? '');
    expect(links.filter((link) => !link.startsWith('https://'))).toEqual([]);
  });
});

describe('CHANGELOG.md', () => {
  const tag = parseTag(`v${version}`);

  it('agrees with package.json, package-lock.json, README, documents and examples', () => {
    const mismatches = tag && findMismatches(tag, readVersionedFiles(ROOT));
    expect(mismatches).toEqual([]);
  });

  it('has notes for each version, newest first', () => {
    const versions = Array.from(
      read('CHANGELOG.md').matchAll(/^## \[(\d[^\]]*)\]/gm),
      ([, text = '']) => text,
    );
    expect(versions[0]).toBe(version);
    const dates = versions.map((text) => readChangelogSection(read('CHANGELOG.md'), text).date);
    expect(dates).toEqual(dates.toSorted().toReversed());
  });
});

/** Links of a Markdown file to files of the repository, without their anchors. */
function fileLinks(path: string): string[] {
  const links = Array.from(read(path).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g), ([, link = '']) => link);
  return links.filter((link) => !/^(?:https?|mailto):/.test(link));
}

describe.each(['RELEASING.md', 'CODE_OF_CONDUCT.md', 'SECURITY.md', 'CHANGELOG.md'])('%s', (path) => {
  it('links to files that exist', () => {
    expect(fileLinks(path).filter((link) => !existsSync(join(ROOT, dirname(path), link)))).toEqual([]);
  });
});

const Field = v.variant('type', [
  v.strictObject({ type: v.literal('markdown'), attributes: v.strictObject({ value: v.string() }) }),
  v.strictObject({
    type: v.picklist(['input', 'textarea', 'dropdown', 'checkboxes']),
    id: v.pipe(v.string(), v.regex(/^[\w-]+$/)),
    attributes: v.strictObject({
      label: v.string(),
      description: v.optional(v.string()),
      placeholder: v.optional(v.string()),
      render: v.optional(v.string()),
      options: v.optional(v.array(v.union([v.string(), v.strictObject({ label: v.string() })]))),
    }),
    validations: v.optional(v.strictObject({ required: v.boolean() })),
  }),
]);
const IssueForm = v.strictObject({
  name: v.string(),
  description: v.string(),
  labels: v.array(v.string()),
  body: v.array(Field),
});

// https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-issue-forms
describe.each(['bug.yml', 'registry.yml'])('the issue form %s', (name) => {
  const form = v.parse(IssueForm, parse(read(`.github/ISSUE_TEMPLATE/${name}`)));

  it('has the form that GitHub takes, with each ID and label once', () => {
    const fields = form.body.filter((field) => field.type !== 'markdown');
    expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length);
    expect(new Set(fields.map(({ attributes }) => attributes.label)).size).toBe(fields.length);
    const choices = fields.filter(({ type }) => type === 'dropdown' || type === 'checkboxes');
    expect(choices.filter(({ attributes }) => (attributes.options ?? []).length === 0)).toEqual([]);
  });
});

describe('the issue form bug.yml', () => {
  it('requires the version and the JSON report', () => {
    const { body } = v.parse(IssueForm, parse(read('.github/ISSUE_TEMPLATE/bug.yml')));
    const required = body.flatMap((field) =>
      field.type !== 'markdown' && field.validations?.required === true ? [field.id] : [],
    );
    expect(required).toEqual(expect.arrayContaining(['version', 'report', 'workflow']));
  });
});
