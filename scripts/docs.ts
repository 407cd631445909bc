/** Writes README's tables of inputs and outputs from action.yml; with --check only says whether they are up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import * as v from 'valibot';
import { parse } from 'yaml';

const Action = v.object({
  inputs: v.record(
    v.string(),
    v.object({ description: v.string(), required: v.optional(v.boolean()), default: v.optional(v.string()) }),
  ),
  outputs: v.record(v.string(), v.object({ description: v.string() })),
});

const action = v.parse(Action, parse(readFileSync(new URL('../action.yml', import.meta.url), 'utf8')));
const path = new URL('../README.md', import.meta.url);
const before = readFileSync(path, 'utf8');
const after = insert(insert(before, 'inputs', inputsTable()), 'outputs', outputsTable());
if (process.argv.includes('--check')) {
  if (after !== before) throw new Error('README.md is not up to date with action.yml: npm run docs');
} else {
  writeFileSync(path, after);
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
  if (!pattern.test(text)) throw new Error(`README.md has no place for the ${name}`);
  return text.replace(pattern, (_, start: string, end: string) => `${start}\n\n${table}\n\n${end}`);
}
