/**
 * Starts registries and a GitHub stand-in on loopback, and keeps them running until it is interrupted. It writes the
 * environment of a run to tmp/action.env, with which the bundle can be started by hand: see docs/debugging.md.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TOKENS } from '../__tests__/support/github/tokens.ts';
import { readAction } from '../__tests__/support/run/runner.ts';
import { type DemoServers, REPOSITORY, demoInputs, startDemoServers } from './demo-servers.ts';

/** Files to which a run writes its outputs, state and job summary, as the runner provides them. */
const FILES = ['OUTPUT', 'STATE', 'STEP_SUMMARY'];

const folder = fileURLToPath(new URL('../tmp/', import.meta.url));
const envFile = join(folder, 'action.env');
const servers = await startDemoServers();
rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, 'runner'), { recursive: true });
for (const name of FILES) writeFileSync(join(folder, name), '');
const variables = Object.entries({ ...(await inputVariables(servers)), ...runnerVariables(servers) });
writeFileSync(envFile, variables.map(([name, value]) => `${name}="${value}"\n`).join(''));
console.log(`source ${servers.source.url}, target ${servers.target.url}, GitHub ${servers.github.url}`);
console.log('Run: npx node --env-file=tmp/action.env dist/index.js');
process.once('SIGINT', () => void servers.close());

/** `INPUT_*` for all inputs of action.yml: the runner sets the defaults, not the action. */
async function inputVariables(demo: DemoServers): Promise<Record<string, string>> {
  const given = demoInputs(demo);
  const { inputs } = await readAction();
  const values = Object.entries(inputs).map(([name, input]) => {
    const value = (given[name] ?? input.default ?? '')
      .replace('${{ github.repository }}', REPOSITORY)
      .replace('${{ github.token }}', TOKENS.write);
    return [`INPUT_${name.toUpperCase()}`, value];
  });
  return Object.fromEntries(values);
}

function runnerVariables({ github }: DemoServers): Record<string, string> {
  return {
    RUNNER_TEMP: join(folder, 'runner'),
    GITHUB_API_URL: github.url,
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: REPOSITORY,
    GITHUB_EVENT_NAME: 'workflow_dispatch',
    ...Object.fromEntries(FILES.map((name) => [`GITHUB_${name}`, join(folder, name)])),
  };
}
