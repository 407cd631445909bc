/**
 * Writes the inputs and outputs in README.md and docs/inputs.md from action.yml, the refusals in docs/troubleshooting.md from
 * src/oci/remedy.ts, and the JSON Schema of the config file. With --check it writes nothing, and fails if they are out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { parse } from 'yaml';
import { ConfigFile } from '../src/inputs/config-schema.ts';
import { REMEDIES } from '../src/oci/remedy.ts';
import { INPUT_GROUPS, exampleOf, firstSentence } from './doc-parts.ts';

const Action = v.object({
  inputs: v.record(
    v.string(),
    v.object({ description: v.string(), required: v.optional(v.boolean()), default: v.optional(v.string()) }),
  ),
  outputs: v.record(v.string(), v.object({ description: v.string() })),
});

const action = v.parse(Action, parse(readFileSync(new URL('../action.yml', import.meta.url), 'utf8')));
checkGroups();
write('README.md', { inputs: inputTables(), outputs: outputTable() });
write('docs/inputs.md', { inputs: inputSections(), outputs: outputSections() });
write('docs/troubleshooting.md', { refusals: refusals() });
keep(new URL('../mirror.schema.json', import.meta.url), configSchema());

function keep(file: URL, text: string): void {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (text === before) return;
  if (process.argv.includes('--check'))
    throw new Error(`${file.pathname} is out of date: run "npm run docs"`);
  writeFileSync(file, text);
}

function configSchema(): string {
  const about = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'sync-action mirror',
    description:
      "Namespaces and images that gcrxio/sync-action mirrors, with their settings: the file of the action's input config.",
  };
  // The schema allows a list as one string with one item per line, as the action does. `ignore` leaves out what JSON
  // Schema can't express.
  const schema = toJsonSchema(ConfigFile, { errorMode: 'ignore' });
  // Keys that start with x- are for anchors, and hold anything.
  const patternProperties = { '^x-': {} };
  return `${JSON.stringify({ ...about, ...schema, patternProperties }, null, 2)}\n`;
}

/** Each input is in one group: a new one must be put where a reader looks for it. */
function checkGroups(): void {
  const grouped = Object.values(INPUT_GROUPS).flat();
  const declared = Object.keys(action.inputs);
  if (grouped.toSorted().join() !== declared.toSorted().join()) {
    const odd = [...declared, ...grouped].filter(
      (name) => !grouped.includes(name) || !declared.includes(name),
    );
    throw new Error(
      `scripts/doc-parts.ts must have each input of action.yml in one group: ${odd.join(', ')}`,
    );
  }
}

/** README's: the first sentence of each description. */
function inputTables(): string {
  return Object.entries(INPUT_GROUPS)
    .map(([group, names]) => {
      const rows = names.map((name) => {
        const { description, value } = inputOf(name);
        return `| \`${name}\` | ${value} | ${firstSentence(description)} |`;
      });
      return [`### ${group}`, '', '| input | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
    })
    .join('\n\n');
}

/** The whole descriptions, each under a heading that can be linked. */
function inputSections(): string {
  return Object.entries(INPUT_GROUPS)
    .flatMap(([group, names]) => [
      `## ${group}`,
      ...names.flatMap((name) => {
        const { description, value } = inputOf(name);
        return [`### \`${name}\``, description, ...(value === '' ? [] : [`Default: ${value}`])];
      }),
    ])
    .join('\n\n');
}

function inputOf(name: string): { description: string; value: string } {
  const { description = '', default: value } = action.inputs[name] ?? {};
  return { description, value: value === undefined ? '' : `\`${value}\`` };
}

function outputTable(): string {
  const rows = Object.entries(action.outputs).map(
    ([name, { description }]) => `| \`${name}\` | ${firstSentence(description)} |`,
  );
  return ['| output | meaning |', '| --- | --- |', ...rows].join('\n');
}

function outputSections(): string {
  return Object.entries(action.outputs)
    .flatMap(([name, { description }]) => [`### \`${name}\``, description])
    .join('\n\n');
}

/** What registries say when they refuse, and what to do about it. */
function refusals(): string {
  return REMEDIES.map(({ says, remedy }) => `- \`${exampleOf(says)}\`\n\n  ${remedy}.`).join('\n\n');
}

/** Replaces what the comments `<!-- name -->` and `<!-- /name -->` of a document enclose. */
function write(path: string, parts: Readonly<Record<string, string>>): void {
  const file = new URL(`../${path}`, import.meta.url);
  const text = Object.entries(parts).reduce(
    (before, [name, part]) => {
      const pattern = new RegExp(`(<!-- ${name} -->)[\\s\\S]*?(<!-- /${name} -->)`);
      if (!pattern.test(before)) throw new Error(`${path} has no comments that enclose its ${name}`);
      return before.replace(pattern, (_, start: string, end: string) => `${start}\n\n${part}\n\n${end}`);
    },
    readFileSync(file, 'utf8'),
  );
  keep(file, text);
}
