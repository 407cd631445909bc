import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { CommentPart, CommentPlace } from '../mirror/comment.ts';
import type { InputSource } from './input-source.ts';

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request */
const Event = v.object({
  pull_request: v.object({ number: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
});

/** One job's values of a matrix. */
const MatrixValues = v.pipe(
  v.string(),
  v.parseJson(),
  v.check((values) => !Array.isArray(values)),
  v.record(v.string(), v.unknown()),
  v.check((values) => Object.keys(values).length > 0),
);

/** The pull request that started the workflow, as the input `comment`; undefined when none did. */
export function readPullRequest(source: InputSource): { comment: CommentPlace } | undefined {
  const parsed = v.safeParse(Event, source.event);
  if (!parsed.success) return undefined;
  const comment = commentPlace(source, 'pull request', parsed.output.pull_request.number);
  return comment && { comment };
}

/** The comment of this step on a pull request or issue; undefined if the workflow's repository is unknown. */
export function commentPlace(
  source: InputSource,
  kind: CommentPlace['kind'],
  number: number,
): CommentPlace | undefined {
  const { env } = source;
  const [owner = '', repo = ''] = (env['GITHUB_REPOSITORY'] ?? '').split('/');
  if (owner === '' || repo === '') return undefined;
  // https://docs.github.com/en/actions/reference/workflows-and-actions/variables
  const names = ['GITHUB_WORKFLOW', 'GITHUB_JOB', 'GITHUB_ACTION'].map((name) => env[name] ?? '');
  return { kind, owner, repo, number, step: hashOf(names), part: readPart(source) };
}

/**
 * The part of the comment that belongs to this job. `job-matrix` is an input because the environment does not identify the
 * jobs of a matrix apart.
 */
function readPart({ get, env }: InputSource): CommentPart {
  const matrix = get('job-matrix');
  const shard = [get('shard-index'), get('shard-total')];
  const values = v.safeParse(MatrixValues, matrix);
  const isShard = shard[1] !== '1';
  const title = values.success ? titleOf(values.output) : isShard ? `shard ${shard.join(' of ')}` : '';
  return { key: hashOf([matrix, ...shard]), title, run: Number(env['GITHUB_RUN_ID']) || 0 };
}

/** A plan's entries name their namespaces and their part; other matrices are named by all their short values. */
function titleOf(values: Readonly<Record<string, unknown>>): string {
  const { namespace, part, ...others } = values;
  const named = [namespace, part].filter((value) => typeof value === 'string' && value !== '');
  const shown = named.length > 0 ? named : Object.values(others);
  const texts = shown.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return texts.join(', ').replaceAll(/\s*\n\s*/g, ', ');
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
