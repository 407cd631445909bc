import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { PullRequest } from '../mirror/pull-request.ts';
import type { InputSource } from './input-source.ts';

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request */
const Event = v.object({
  pull_request: v.object({ number: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
});

/** The pull request that started the workflow, as the input `comment`; undefined when none did. */
export function readPullRequest({ get, event, env }: InputSource): { comment: PullRequest } | undefined {
  const parsed = v.safeParse(Event, event);
  const [owner = '', repo = ''] = (env['GITHUB_REPOSITORY'] ?? '').split('/');
  if (!parsed.success || owner === '' || repo === '') return undefined;
  // https://docs.github.com/en/actions/reference/workflows-and-actions/variables
  const names = ['GITHUB_WORKFLOW', 'GITHUB_JOB', 'GITHUB_ACTION'].map((name) => env[name] ?? '');
  const parts = [...names, get('shard-index'), get('shard-total')];
  const step = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
  return { comment: { owner, repo, number: parsed.output.pull_request.number, step } };
}
