import { globSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { IMAGES_HEADING, LIST_CHECKBOX } from '../../src/inputs/issue-form.ts';
import { planMatrix } from '../../src/plan/matrix.ts';
import { loadTestInputs } from '../support/fixtures/inputs.ts';
import { actionlint } from '../support/run/actionlint.ts';
import { readAction } from '../support/run/runner.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ACTION = 'gcrxio/sync-action@v1';

const Workflow = v.object({
  on: v.unknown(),
  jobs: v.record(
    v.string(),
    v.object({
      steps: v.array(
        v.object({
          uses: v.string(),
          with: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
        }),
      ),
    }),
  ),
});

const examples = readdirSync(`${ROOT}examples`)
  .filter((name) => name.endsWith('.yml'))
  .map((name) => [`examples/${name}`, readFileSync(`${ROOT}examples/${name}`, 'utf8')] as const);
const blocks = globSync(['*.md', 'docs/*.md'], { cwd: ROOT }).flatMap((document) =>
  Array.from(
    readFileSync(`${ROOT}${document}`, 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms),
    ([, text = ''], index) => [`${document}, block ${index + 1}`, text] as const,
  ),
);
const workflows = [...examples, ...blocks.filter(([, text]) => text.includes('jobs:'))];

function stepsOf(text: string): Record<string, string | number | boolean>[] {
  const steps = Object.values(v.parse(Workflow, parse(text)).jobs).flatMap(({ steps }) => steps);
  return steps.filter(({ uses }) => uses === ACTION).map((step) => step.with);
}

function lint(text: string): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'workflow-'));
  try {
    writeFileSync(join(folder, 'workflow.yml'), text);
    return actionlint(join(folder, '*.yml'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('actionlint', () => {
  it('has something against a workflow that is none', () => {
    const { status, output } = lint('on: nothing\njobs: {}\n');
    expect(status).not.toBe(0);
    expect(output).toContain('nothing');
  });
});

it('finds the workflows of README and of the documents', () => {
  const names = workflows.map(([name]) => name);
  expect(names).toEqual(
    expect.arrayContaining(['README.md, block 1', expect.stringContaining('docs/parallel-jobs.md')]),
  );
});

describe.each(workflows)('%s', (_, text) => {
  it('is a workflow that actionlint has nothing against', () => {
    const { status, output } = lint(text);
    expect([status, output]).toEqual([0, expect.stringContaining('All workflow files passed')]);
  });

  it('gives the action inputs that it has, and those that it needs', async () => {
    const { inputs } = await readAction();
    const steps = stepsOf(text);
    expect(steps.length).toBeGreaterThan(0);
    for (const given of steps) {
      expect(Object.keys(given).filter((input) => !(input in inputs))).toEqual([]);
      const keys = Object.keys(given);
      const sources = ['namespaces', 'images', 'images-file', 'config'].filter((key) => keys.includes(key));
      const needed = given['mode'] === 'record' ? ['reports'] : [sources[0] ?? 'a source'];
      const target = sources.length > 0 && !sources.includes('config') ? ['target'] : [];
      expect(keys).toEqual(expect.arrayContaining([...needed, ...target]));
    }
  });

  it('never runs on pull_request_target', () => {
    expect(JSON.stringify(v.parse(Workflow, parse(text)).on)).not.toContain('pull_request_target');
  });
});

describe('config files', () => {
  const own = `${ROOT}examples/config/mirror.yml`;
  const inDocuments = blocks
    .map(([, text]) => text)
    .filter((text) => /^#.*^(?:namespaces|images):/ms.test(text));
  const files = [readFileSync(own, 'utf8'), ...inDocuments];

  it.each(files)('are ones that the action takes (%#)', async (file) => {
    expect((await loadTestInputs({ engine: 'registry' }, file)).namespaces.length).toBeGreaterThan(1);
  });

  it('are in the documents too', () => {
    expect(files).toHaveLength(3);
  });
});

describe('the matrix of a plan', () => {
  const names = ['plan-and-matrix.yml', 'large-mirror.yml'];

  it.each(names)('has every key that %s asks it for, and that asks for all that a job needs', (name) => {
    const filters = { include: [], exclude: [] };
    const images = [{ image: 'base', tags: 1, bytes: 1, unsized: 0 }];
    const works = [{ namespace: { registry: 'gcr.io', path: 'distroless' }, images }];
    const [entry = {}] = planMatrix(works, { maxEntries: 1, filters }).include;
    const text = readFileSync(`${ROOT}examples/${name}`, 'utf8');
    const asked = new Set(Array.from(text.matchAll(/matrix\.([\w-]+) \}\}/g), ([, key = '']) => key));
    asked.delete('outputs');
    const forPeople = new Set(['tags', 'bytes']);
    expect(Array.from(asked).toSorted()).toEqual(
      Object.keys(entry)
        .filter((key) => !forPeople.has(key))
        .toSorted(),
    );
  });
});

describe('the form that requests images', () => {
  const Form = v.object({
    labels: v.optional(v.array(v.string())),
    body: v.array(
      v.looseObject({
        type: v.string(),
        attributes: v.looseObject({
          label: v.optional(v.string()),
          options: v.optional(v.array(v.object({ label: v.string() }))),
        }),
      }),
    ),
  });
  const text = readFileSync(`${ROOT}examples/ISSUE_TEMPLATE/request-image.yml`, 'utf8');
  const form = v.parse(Form, parse(text));
  const labels = form.body.map(({ attributes }) => attributes.label);

  it('has the heading and the checkbox that the action looks for', () => {
    expect(labels.map((label) => `### ${label}`)).toContain(IMAGES_HEADING);
    expect(form.body.flatMap(({ attributes }) => attributes.options ?? [])).toEqual([
      { label: LIST_CHECKBOX },
    ]);
  });

  it('sets no label, which would start the workflow for anyone', () => {
    expect(form).not.toHaveProperty('labels');
  });

  it('starts a workflow that waits for a label, and that has permissions in its job alone', () => {
    const workflow: unknown = parse(readFileSync(`${ROOT}examples/request.yml`, 'utf8'));
    expect(workflow).toMatchObject({
      on: { issues: { types: ['labeled'] } },
      permissions: {},
      jobs: { mirror: { if: "github.event.label.name == 'mirror'" } },
    });
  });
});
