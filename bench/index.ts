/**
 * `npm run bench` runs all measurements in less than 15 minutes. `npm run bench -- copy --sets=b --links=40ms` and the like run some
 * of them: see README.md in this folder.
 */
import { benchCopy } from './copy/copy.ts';
import { benchDocker } from './docker/docker.ts';
import { benchList } from './list/list.ts';
import { benchPlan } from './plan/plan.ts';
import { benchStart } from './start/start.ts';

const BENCHES: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  plan: benchPlan,
  start: benchStart,
  docker: benchDocker,
  list: benchList,
  copy: benchCopy,
};

const [what, ...args] = process.argv.slice(2);
const names = what === undefined || what === 'all' ? Object.keys(BENCHES) : [what];
for (const name of names) {
  const bench = BENCHES[name];
  if (!bench) throw new Error(`There is no bench ${name}: use ${Object.keys(BENCHES).join(', ')}`);
  console.log(`\n## ${name}`);
  await bench(args);
}
