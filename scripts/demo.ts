/**
 * Demonstrates the main job with registries and a GitHub stand-in, all in this process. It creates images and mirrors
 * them with the bundle, started as a runner starts it. Then it moves a tag and mirrors again. Needs only Node.
 */
import { TOKENS } from '../__tests__/support/github/tokens.ts';
import { type RunOutcome, runAction } from '../__tests__/support/run/runner.ts';
import { type DemoServers, REPOSITORY, demoInputs, moveBase, startDemoServers } from './demo-servers.ts';

const servers = await startDemoServers();
try {
  await runAndPrint('First run: everything is new', servers);
  await runAndPrint('Second run: nothing to do', servers);
  await moveBase(servers.source, 'base, moved');
  await runAndPrint('Third run, after base:latest moved', servers);
} finally {
  await servers.close();
}

async function runAndPrint(title: string, demo: DemoServers): Promise<void> {
  const { commits, file, url: apiUrl } = demo.github;
  const before = (await commits(REPOSITORY)).length;
  const run = await runAction({ inputs: demoInputs(demo), apiUrl, token: TOKENS.write });
  if (run.exitCode !== 0) throw new Error(run.log);
  const newCommits = (await commits(REPOSITORY)).toReversed().slice(before);
  print(
    title,
    run,
    newCommits.map(({ message }) => message),
  );
  if (newCommits.length === 0) return;
  console.log(`\ndistroless.json:\n${(await file(REPOSITORY, 'distroless.json')) ?? ''}`);
  console.log(`CHANGELOG.md:\n${(await file(REPOSITORY, 'CHANGELOG.md')) ?? ''}`);
}

function print(title: string, { outputs, duration }: RunOutcome, commits: readonly string[]): void {
  console.log(`=== ${title} (${duration.toFixed(0)} ms)`);
  const { added = '', updated = '', unchanged = '', bytes = '' } = outputs;
  console.log(`added ${added}, updated ${updated}, unchanged ${unchanged}, ${bytes} bytes sent`);
  console.log(commits.length === 0 ? 'no commit' : commits.map((message) => `commit: ${message}`).join('\n'));
}
