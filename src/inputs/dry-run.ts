import type { InputSource } from './input-source.ts';
import { type InputReader, show } from './reader.ts';

/**
 * Reads `dry-run`. `auto` is true for whatever is not merged yet: pull requests with their reviews and comments, and merge queues.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
 */
export function readDryRun(reader: InputReader, source: InputSource): boolean {
  const text = reader.text('dry-run');
  if (text === 'auto') return isUnmerged(source);
  if (!/^(?:true|True|TRUE|false|False|FALSE)$/.test(text)) {
    reader.problem('dry-run', `${show(text)} is not one of auto, true, false`);
    return true;
  }
  const dryRun = reader.boolean('dry-run');
  if (dryRun || !isUnmerged(source) || !lacksSecret(reader)) return dryRun;
  reader.problem(
    'dry-run',
    `${show(text)} needs secrets, and a pull request from a fork or of Dependabot has none: remove this line, so that ` +
      'pull requests are dry runs',
  );
  return true;
}

function isUnmerged({ eventName, env }: InputSource): boolean {
  return (
    /^(?:pull_request|merge_group)/.test(eventName) ||
    /^refs\/(?:pull|heads\/gh-readonly-queue)\//.test(env['GITHUB_REF'] ?? '')
  );
}

/** True if an input that names a secret is empty. */
function lacksSecret(reader: InputReader): boolean {
  const isHalf = (user: string, password: string): boolean =>
    reader.text(user) !== '' && reader.text(password) === '';
  return (
    isHalf('username', 'password') ||
    isHalf('source-username', 'source-password') ||
    reader.text('github-token') === ''
  );
}
