import { nodeProblem } from './action/node-version.ts';

// Everything else is loaded once it is known to run: an older Node can't load some of it.
const problem = nodeProblem(process.versions.node);
if (problem === undefined) {
  await import('./start.ts');
} else {
  console.log(`::error::${problem}`);
  process.exitCode = 1;
}
