/**
 * Shows a typical sequence of runs on registries and a GitHub of its own, all in this process: images are created, mirrored by
 * the bundle as on a runner, and mirrored again after one tag moved. It prints what the runs print, and writes their job
 * summaries to an HTML file. Needs nothing but Node.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeImage, makeIndex, pushImage } from '../__tests__/support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../__tests__/support/github/stand-in.ts';
import { TOKENS } from '../__tests__/support/github/tokens.ts';
import { startMemoryRegistry } from '../__tests__/support/registries/memory-registry.ts';
import { renderDocument } from '../__tests__/support/run/document.ts';
import { type RunOutcome, runAction } from '../__tests__/support/run/runner.ts';

const source = await startMemoryRegistry({ google: true });
const target = await startMemoryRegistry({
  auth: { kind: 'token', username: 'demo', password: 'demo-password' },
});
const github = await startGitHub({ 'octo/meta': { empty: true } });
const summaries: string[] = [];
try {
  const platforms = ['linux/amd64', 'linux/arm64'];
  const index = makeIndex(
    platforms.map((platform) => makeImage({ seed: platform, platform, layers: [500_000, 2000] })),
  );
  await pushImage(source.url, 'distroless/static', ['latest', 'v1'], index);
  await pushImage(
    source.url,
    'distroless/java/debian12',
    ['17', '21'],
    makeImage({ seed: 'java', layers: [900_000] }),
  );
  await pushImage(source.url, 'distroless/base', ['latest'], makeImage({ seed: 'base' }));

  await show('First run: everything is new', github);
  await show('Second run: nothing to do', github);
  await pushImage(source.url, 'distroless/base', ['latest'], makeImage({ seed: 'base, moved' }));
  await show('Third run, after base:latest moved', github);
  const page = join(mkdtempSync(join(tmpdir(), 'sync-action-demo-')), 'summary.html');
  writeFileSync(page, renderDocument(summaries.join('\n\n---\n\n'), 'light'));
  console.log(`The job summaries: ${page}`);
} finally {
  await Promise.all([source, target, github].map((server) => server.close()));
}

async function show(title: string, { commits, file }: GitHubStandIn): Promise<void> {
  const before = (await commits('octo/meta')).length;
  const run = await runAction({
    inputs: {
      namespaces: `${source.host}/distroless`,
      target: `${target.host}/mirror`,
      username: 'demo',
      password: 'demo-password',
      engine: 'registry',
      'manifest-path': 'distroless.json',
    },
    apiUrl: github.url,
    token: TOKENS.write,
  });
  if (run.exitCode !== 0) throw new Error(run.log);
  print(title, run);
  summaries.push(`# ${title}\n\n${run.summary}`);
  if ((await commits('octo/meta')).length === before) return;
  console.log(`distroless.json:\n${(await file('octo/meta', 'distroless.json')) ?? ''}`);
  console.log(`CHANGELOG.md:\n${(await file('octo/meta', 'CHANGELOG.md')) ?? ''}`);
}

/** Prints the log as GitHub shows it: without the runner's commands, and with groups as headings. */
function print(title: string, { log, duration }: RunOutcome): void {
  console.log(`\n=== ${title} (${duration.toFixed(0)} ms)\n`);
  const lines = log
    .replaceAll(/^::group::(.*)$/gm, '▸ $1')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('::'));
  console.log(`${lines.join('\n')}\n`);
}
