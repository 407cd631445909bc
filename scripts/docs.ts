/**
 * Writes README's tables of inputs and outputs from action.yml, and the JSON Schema of the config file. With --check it
 * writes nothing, and fails if they are out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { parse } from 'yaml';
import { ConfigFile } from '../src/inputs/config-schema.ts';

const Action = v.object({
  inputs: v.record(
    v.string(),
    v.object({ description: v.string(), required: v.optional(v.boolean()), default: v.optional(v.string()) }),
  ),
  outputs: v.record(v.string(), v.object({ description: v.string() })),
});

const action = v.parse(Action, parse(readFileSync(new URL('../action.yml', import.meta.url), 'utf8')));
const readme = new URL('../README.md', import.meta.url);
const tables = (text: string): string =>
  insert(insert(text, 'inputs', inputsTable()), 'outputs', outputsTable());
keep(readme, tables(readFileSync(readme, 'utf8')));
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
      "Namespaces that gcrxio/sync-action mirrors, with their settings: the file of the action's input config.",
  };
  // The schema allows a list as one string with one item per line, as the action does. `ignore` leaves out what JSON
  // Schema can't express.
  const schema = toJsonSchema(ConfigFile, { errorMode: 'ignore' });
  return `${JSON.stringify({ ...about, ...schema }, null, 2)}\n`;
}

function inputsTable(): string {
  const rows = Object.entries(action.inputs).map(([name, input]) => {
    const value =
      input.required === true ? 'required' : input.default === undefined ? '' : `\`${input.default}\``;
    return `| \`${name}\` | ${value} | ${input.description} |`;
  });
  return ['| input | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function outputsTable(): string {
  const rows = Object.entries(action.outputs).map(
    ([name, { description }]) => `| \`${name}\` | ${description} |`,
  );
  return ['| output | meaning |', '| --- | --- |', ...rows].join('\n');
}

function insert(text: string, name: string, table: string): string {
  const pattern = new RegExp(`(<!-- ${name} -->)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!pattern.test(text)) throw new Error(`README.md has no comments that enclose the table of ${name}`);
  return text.replace(pattern, (_, start: string, end: string) => `${start}\n\n${table}\n\n${end}`);
}
