import type { GitHubStandIn } from '../../__tests__/support/github/stand-in.ts';
import { TOKENS } from '../../__tests__/support/github/tokens.ts';
import { type RunOutcome, runAction } from '../../__tests__/support/run/runner.ts';
import type { LiveSource } from './sources.ts';
import type { Account } from './registry.ts';

/** Where the tiny mirror is kept. */
export interface LiveTarget extends Account {
  /** `ghcr.io/gcrxio/sync-action/live` */
  readonly reference: string;
}

export interface LiveRun extends RunOutcome {
  readonly title: string;
  /** What it did otherwise than it should. */
  readonly problems: readonly string[];
}

/** Small, and what most people pull. */
const PLATFORMS = 'linux/amd64,linux/arm64';

/**
 * A dry run, a mirror of one tag of each source, and a run that has nothing left to do: of the bundle, as a runner starts
 * it. The record is kept by a stand-in of GitHub, so that nothing is committed.
 */
export async function mirrorLive(
  sources: readonly LiveSource[],
  target: LiveTarget,
  github: GitHubStandIn,
): Promise<LiveRun[]> {
  const run = async (
    title: string,
    inputs: Readonly<Record<string, string>> = {},
  ): Promise<RunOutcome & { title: string }> => ({
    title,
    ...(await runAction({
      inputs: { ...inputsOf(sources, target), ...inputs },
      apiUrl: github.url,
      token: TOKENS.write,
    })),
  });
  const count = String(sources.length);
  const dry = await run('dry run', { 'dry-run': 'true' });
  const commitsAfterDryRun = (await github.commits('octo/meta')).length;
  const mirror = await run('mirror');
  const again = await run('again');
  return [
    withProblems(
      dry,
      { changed: 'true', added: count, failed: '0' },
      commitsAfterDryRun > 0 ? [`${commitsAfterDryRun} commits`] : [],
    ),
    withProblems(mirror, { complete: 'true', added: count, failed: '0' }),
    withProblems(again, { complete: 'true', changed: 'false', unchanged: count, bytes: '0' }),
  ];
}

function inputsOf(sources: readonly LiveSource[], target: LiveTarget): Record<string, string> {
  const { reference, username, password } = target;
  const account = { registry: reference.split('/')[0], username, password };
  return {
    namespaces: sources.map(({ namespace }) => namespace).join('\n'),
    include: sources.map(({ repository, tag }) => `${repository.split('/').at(-1) ?? ''}:${tag}`).join('\n'),
    target: reference,
    // For the target and, at the same registry, the source. JSON is YAML.
    'registry-auth': JSON.stringify([account]),
    engine: 'registry',
    platforms: PLATFORMS,
    cache: 'false',
  };
}

function withProblems(
  run: RunOutcome & { readonly title: string },
  expected: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): LiveRun {
  const outputs = Object.entries(expected)
    .filter(([name, value]) => run.outputs[name] !== value)
    .map(([name, value]) => `${name} is ${run.outputs[name] ?? 'missing'}, not ${value}`);
  const exit = run.exitCode === 0 ? [] : [`exit code ${run.exitCode ?? 'none'}`];
  return { ...run, problems: [...exit, ...outputs, ...more] };
}
