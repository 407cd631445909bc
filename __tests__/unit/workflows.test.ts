import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findWorkflowProblems } from '../support/fixtures/workflow-rules.ts';
import { actionlint } from '../support/run/actionlint.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const Manifest = v.object({ scripts: v.record(v.string(), v.string()) });
const Dependabot = v.object({
  updates: v.array(v.object({ 'package-ecosystem': v.string(), cooldown: v.record(v.string(), v.number()) })),
});

const FOLDER = `${ROOT}.github/workflows/`;
const workflows = readdirSync(FOLDER).map((name) => [name, readFileSync(FOLDER + name, 'utf8')] as const);

describe.each(workflows)('.github/workflows/%s', (name, text) => {
  it('passes actionlint', () => {
    const { status, output } = actionlint(FOLDER + name);
    expect([status, output]).toEqual([0, expect.stringContaining('All workflow files passed')]);
  });

  it("follows zizmor's rules", () => {
    expect(findWorkflowProblems(text)).toEqual([]);
  });

  it('runs only npm scripts and files that exist', () => {
    const { scripts } = v.parse(Manifest, JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')));
    const named = Array.from(text.matchAll(/npm run (?:--silent )?([\w:-]+)/g), ([, script = '']) => script);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
    const started = Array.from(text.matchAll(/node (scripts\/\S+\.ts)/g), ([, file = '']) => file);
    expect(started.filter((file) => !existsSync(ROOT + file))).toEqual([]);
  });
});

describe('all workflows', () => {
  it('use one version of each action', () => {
    const uses = workflows.flatMap(([, text]) => Array.from(text.matchAll(/uses: ([^./][^@]+)@(.+)$/gm)));
    const versions = Map.groupBy(uses, ([, action]) => action);
    for (const [action, matches] of versions)
      expect([action, new Set(matches.map(([, , version]) => version)).size]).toEqual([action, 1]);
    expect(versions.size).toBeGreaterThan(5);
  });

  it('are those that the documents name', () => {
    expect(workflows.map(([name]) => name).toSorted()).toEqual([
      'check-dist.yml',
      'ci.yml',
      'codeql.yml',
      'live.yml',
      'rebuild-dist.yml',
      'release.yml',
    ]);
  });
});

describe('findWorkflowProblems', () => {
  const good = `
on: push
permissions: {}
concurrency:
  group: ci
  cancel-in-progress: true
jobs:
  test:
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@${'a'.repeat(40)} # v7.0.1
        with:
          persist-credentials: false
      - run: npm test
`;

  it('finds nothing in a good workflow', () => {
    expect(findWorkflowProblems(good)).toEqual([]);
  });

  it.each([
    ['unpinned-uses', `@${'a'.repeat(40)} # v7.0.1`, '@v7'],
    ['unpinned-uses', ' # v7.0.1', ''],
    ['excessive-permissions', 'permissions: {}', 'permissions: write-all'],
    ['excessive-permissions', 'permissions: {}', 'permissions:\n  contents: read'],
    ['excessive-permissions', '    permissions:\n      contents: read\n', ''],
    ['artipacked', 'persist-credentials: false', 'fetch-depth: 0'],
    ['template-injection', 'npm test', "echo '${{ github.event.issue.title }}'"],
    ['dangerous-triggers', 'on: push', 'on: [push, pull_request_target]'],
    ['dangerous-triggers', 'on: push', 'on:\n  workflow_run:\n    workflows: [ci]'],
    ['secrets-inherit', '    timeout-minutes: 10', '    timeout-minutes: 10\n    secrets: inherit'],
    ['concurrency-limits', 'concurrency:\n  group: ci\n  cancel-in-progress: true\n', ''],
    ['no timeout-minutes', '    timeout-minutes: 10\n', ''],
    ['bot-conditions', '    steps:', "    if: github.actor == 'dependabot[bot]'\n    steps:"],
    ['unpinned-images', '    steps:', '    container: debian:12\n    steps:'],
    ['self-hosted-runner', 'ubuntu-24.04', '[self-hosted, linux]'],
    ['cache-poisoning', 'actions/checkout', 'actions/setup-node'],
    ['runs packages', 'contents: read', 'id-token: write'],
  ])('finds %s', (rule, before, after) => {
    expect(good).toContain(before);
    const problems = findWorkflowProblems(good.replace(before, after));
    expect(problems).toEqual([expect.stringContaining(rule)]);
  });
});

describe('dependabot.yml', () => {
  it('keeps packages and actions up to date, a week after their release', () => {
    const { updates } = v.parse(Dependabot, parse(readFileSync(`${ROOT}.github/dependabot.yml`, 'utf8')));
    expect(updates.map((update) => [update['package-ecosystem'], update.cooldown])).toEqual([
      ['npm', { 'default-days': 7 }],
      ['github-actions', { 'default-days': 7 }],
    ]);
  });
});
