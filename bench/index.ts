/** `npm run bench` runs all measurements. `npm run bench -- plan`, `-- start` and `-- copy b,c loopback 3` run some of them. */
import { benchCopy } from './copy/copy.ts';
import { benchPlan } from './plan/plan.ts';
import { benchStart } from './start/start.ts';

const [what = 'all', ...rest] = process.argv.slice(2);
if (what === 'all' || what === 'plan') await benchPlan();
if (what === 'all' || what === 'start') await benchStart();
if (what === 'all' || what === 'copy') await benchCopy(rest);
