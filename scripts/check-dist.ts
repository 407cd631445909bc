/** `npm run dist:check`: builds, and fails unless the commit's dist/ is that, byte for byte. */
import { execSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { checksumsOfCommit, checksumsOfFolder, describeDifferences } from './dist/compare.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
execSync('npm run --silent build', { cwd: root, stdio: 'inherit' });
const differences = describeDifferences(
  checksumsOfCommit(root, 'HEAD', 'dist'),
  checksumsOfFolder(`${root}dist`),
);
if (differences.length === 0) console.log('dist/ is what src/ builds to.');
else {
  for (const difference of differences) console.error(`dist/${difference}`);
  console.error('dist/ is not what src/ builds to. Run: npm run build, and commit dist/.');
  process.exitCode = 1;
}
