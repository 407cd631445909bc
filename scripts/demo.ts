/**
 * Demonstrates the main job with registries and a GitHub stand-in, all in this process. It creates images and mirrors
 * them with the bundle, started as a runner starts it. Then it moves a tag and mirrors again. Needs only Node.
 */
import { makeImage, makeIndex, pushImage } from '../__tests__/support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../__tests__/support/github/stand-in.ts';
import { TOKENS } from '../__tests__/support/github/tokens.ts';
import { startMemoryRegistry } from '../__tests__/support/registries/memory-registry.ts';
import { type RunOutcome, runAction } from '../__tests__/support/run/runner.ts';

const source = await startMemoryRegistry({ google: true });
const target = await startMemoryRegistry({
  auth: { kind: 'token', username: 'demo', password: 'demo-password' },
});
const github = await startGitHub({ 'octo/meta': { empty: true } });
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

  await runAndPrint('First run: everything is new', github);
  await runAndPrint('Second run: nothing to do', github);
  await pushImage(source.url, 'distroless/base', ['latest'], makeImage({ seed: 'base, moved' }));
  await runAndPrint('Third run, after base:latest moved', github);
} finally {
  await Promise.all([source, target, github].map((server) => server.close()));
}

async function runAndPrint(title: string, { commits, file }: GitHubStandIn): Promise<void> {
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
  const newCommits = (await commits('octo/meta')).toReversed().slice(before);
  print(
    title,
    run,
    newCommits.map(({ message }) => message),
  );
  if (newCommits.length === 0) return;
  console.log(`\ndistroless.json:\n${(await file('octo/meta', 'distroless.json')) ?? ''}`);
  console.log(`CHANGELOG.md:\n${(await file('octo/meta', 'CHANGELOG.md')) ?? ''}`);
}

function print(title: string, { outputs, duration }: RunOutcome, commits: readonly string[]): void {
  console.log(`=== ${title} (${duration.toFixed(0)} ms)`);
  const { added = '', updated = '', unchanged = '', bytes = '' } = outputs;
  console.log(`added ${added}, updated ${updated}, unchanged ${unchanged}, ${bytes} bytes sent`);
  console.log(commits.length === 0 ? 'no commit' : commits.map((message) => `commit: ${message}`).join('\n'));
}
