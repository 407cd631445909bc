import { type GitHubStandIn, startGitHub } from '../../__tests__/support/github/stand-in.ts';
import { TOKENS } from '../../__tests__/support/github/tokens.ts';

/**
 * A stand-in for GitHub with an empty metadata repository, which has answered before: its first answer takes longer than GitHub's,
 * because it prepares its checks.
 */
export async function startWarmGitHub(): Promise<GitHubStandIn> {
  const github = await startGitHub({ 'octo/meta': { empty: true } });
  const headers = { authorization: `token ${TOKENS.write}`, 'user-agent': 'bench' };
  for (const path of ['', '/contents/none', '/rules/branches/main'])
    await (await fetch(`${github.url}/repos/octo/meta${path}`, { headers })).arrayBuffer();
  github.requests.length = 0;
  return github;
}
