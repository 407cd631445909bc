/**
 * What live.yml runs: `node scripts/live.ts --reports <folder>` compares live registries with the stand-ins of the tests,
 * and mirrors one tag of each into LIVE_TARGET with the account LIVE_USERNAME, LIVE_PASSWORD.
 */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkLive } from './live/live.ts';
import { LIVE_SOURCES } from './live/sources.ts';

const { values } = parseArgs({ options: { reports: { type: 'string', default: 'reports' } } });
const { LIVE_TARGET, LIVE_USERNAME, LIVE_PASSWORD, GITHUB_STEP_SUMMARY } = process.env;
if (!LIVE_TARGET || !LIVE_USERNAME || !LIVE_PASSWORD)
  throw new Error(
    'Set LIVE_TARGET (such as ghcr.io/gcrxio/sync-action/live), LIVE_USERNAME and LIVE_PASSWORD.',
  );
// Repositories of a registry are lower case, GitHub's need not be.
const target = { reference: LIVE_TARGET.toLowerCase(), username: LIVE_USERNAME, password: LIVE_PASSWORD };
const { succeeded, summary, runs } = await checkLive(LIVE_SOURCES, target, values.reports);
for (const { title, log, problems } of runs)
  console.log(`::group::${title}${problems.length > 0 ? ': failed' : ''}\n${log}\n::endgroup::`);
console.log(summary);
if (GITHUB_STEP_SUMMARY) appendFileSync(GITHUB_STEP_SUMMARY, summary);
process.exitCode = succeeded ? 0 : 1;
