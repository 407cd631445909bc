/**
 * What release.yml runs, in two steps:
 *
 *     node scripts/release.ts prepare --out <folder>    checks the tag, builds dist/ twice, writes notes and SBOM
 *     node scripts/release.ts publish --from <folder>   creates the release and moves the tags; uses nothing but Node
 *
 * RELEASE_TAG names the tag. With RELEASE_DRY_RUN=true nothing is published, and the tag need not exist.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GitHubRepository } from './release/github.ts';
import { publishRelease } from './release/publish.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' }, from: { type: 'string' } },
});
const [step = ''] = positionals;
const dryRun = process.env['RELEASE_DRY_RUN'] !== 'false';

try {
  if (step === 'prepare' && values.out !== undefined) {
    const { prepareRelease } = await import('./release/prepare.ts');
    const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
    await prepareRelease({ root, tag: variable('RELEASE_TAG'), out: values.out, dryRun, log });
  } else if (step === 'publish' && values.from !== undefined) {
    const github = new GitHubRepository({
      apiUrl: variable('GITHUB_API_URL'),
      repository: variable('GITHUB_REPOSITORY'),
      token: variable('GITHUB_TOKEN'),
    });
    await publishRelease({ github, from: values.from, dryRun, log });
  } else {
    throw new Error('Usage: node scripts/release.ts prepare --out <folder> | publish --from <folder>');
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function log(line: string): void {
  console.log(line);
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`The environment variable ${name} is missing.`);
  return value;
}
