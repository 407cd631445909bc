/** What scripts/docs.ts writes into documents, as pure functions and data. */

/** The inputs of action.yml in the order in which readers need them. */
export const INPUT_GROUPS: Readonly<Record<string, readonly string[]>> = {
  'What to mirror': ['namespaces', 'images', 'images-file', 'config', 'registry', 'platforms', 'referrers'],
  'Where to': ['target', 'target-name', 'engine', 'mode', 'dry-run'],
  Accounts: [
    'username',
    'password',
    'source-username',
    'source-password',
    'registry-auth',
    'github-token',
    'workflow-token',
  ],
  Filters: ['include', 'exclude', 'semver', 'latest', 'newer-than', 'recheck'],
  'The record': [
    'metadata-repository',
    'metadata-branch',
    'manifest-path',
    'changelog-path',
    'catalogue',
    'timezone',
    'commit-message',
    'committer',
    'record',
    'reports',
    'checkpoint',
  ],
  'Speed and limits': [
    'concurrency',
    'query-concurrency',
    'max-shards',
    'job-time',
    'shard-index',
    'shard-total',
    'job-total',
    'job-matrix',
    'time-limit',
    'http-timeout',
    'retries',
    'cache',
  ],
  Advanced: [
    'proxy',
    'insecure-registries',
    'trusted-hosts',
    'comment',
    'request',
    'request-accounts',
    'fail-on-error',
    'compare-content',
    'monitor-count',
    'monitor-interval',
  ],
};

/** The first sentence of a description, with its full stop. */
export function firstSentence(description: string): string {
  return /^.*?\.(?=\s|$)/s.exec(description)?.[0] ?? description;
}

/**
 * Words that a regular expression matches, for people to compare with a message: its first alternative, with `…` for what
 * varies.
 */
export function exampleOf({ source }: RegExp): string {
  return firstAlternative(source)
    .replaceAll(/\(\?:([^()|]*)(?:\|[^()]*)?\)\??/g, '$1')
    .replaceAll(/\\b|[$^]/g, '')
    .replaceAll(/(?:\.|\\[dSw])(?:[*+]\??|\{\d+,\d+\})/g, '…')
    .replaceAll(/\\([^\w])/g, '$1');
}

/** The part of a pattern before the first `|` that is in no group. */
function firstAlternative(pattern: string): string {
  let depth = 0;
  for (const [index, character] of Array.from(pattern).entries()) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === '|' && depth === 0) return pattern.slice(0, index);
  }
  return pattern;
}
