/**
 * What rebuild-dist.yml runs: `node scripts/commit-dist.ts <folder>` makes the folder's files the branch's dist/, in one
 * commit through GitHub's API. Uses nothing but Node.
 */
import { commitFolder } from './dist/commit.ts';
import { GitHubRepository } from './release/github.ts';

const [folder = ''] = process.argv.slice(2);
const {
  GITHUB_API_URL = '',
  GITHUB_REPOSITORY = '',
  GITHUB_TOKEN = '',
  HEAD_BRANCH = '',
  HEAD_SHA = '',
} = process.env;
const github = new GitHubRepository({
  apiUrl: GITHUB_API_URL,
  repository: GITHUB_REPOSITORY,
  token: GITHUB_TOKEN,
});
try {
  const commit = await commitFolder(github, {
    folder,
    path: 'dist',
    branch: HEAD_BRANCH,
    head: HEAD_SHA,
    message: 'dist: build with the updated packages',
  });
  console.log(commit === undefined ? 'dist/ is what it was.' : `Committed ${commit} to ${HEAD_BRANCH}.`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
