import type { Comment } from '../mirror/pull-request.ts';
import { isChanged } from './outputs.ts';
import type { RunResult } from './result.ts';
import { renderSummary } from './summary.ts';

/** GitHub takes 65,536 characters a comment; these are bytes, of which a character has one or more. */
const LIMIT_BYTES = 60_000;

/** The comment of a dry run on its pull request: what the job summary says, in a comment's size. */
export function renderComment(result: RunResult): Comment {
  const isNews = isChanged(result) || result.namespaces.some(({ failures }) => failures.length > 0);
  const body = isNews
    ? renderSummary(result, LIMIT_BYTES)
    : 'Nothing to mirror: the record has all that the sources hold.\n';
  return { body, isNews };
}
