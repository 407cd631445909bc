import type { Comment } from '../mirror/comment.ts';
import { isChanged } from './outputs.ts';
import type { RunResult } from './result.ts';
import { renderSummary } from './summary.ts';

/** GitHub's limit is 65,536 characters per comment; a character has one byte or more. */
const MAX_BYTES = 60_000;

/** The comment of a dry run on its pull request: the job summary, cut to the size of a comment. */
export function renderComment(result: RunResult): Comment {
  const isNews = isChanged(result) || result.namespaces.some(({ failures }) => failures.length > 0);
  const body = isNews
    ? renderSummary(result, MAX_BYTES)
    : 'Nothing to mirror: the record is up to date with the sources.\n';
  return { body, isNews };
}
