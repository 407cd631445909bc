export const TOKENS = {
  /** May read and write every repository. */
  write: 'ghs_write-token-0123456789',
  /** May read. */
  readOnly: 'ghs_read-token-0123456789',
  /** Of a stranger to the repositories. */
  stranger: 'ghs_stranger-token-0123456789',
  /** GITHUB_TOKEN of another repository. */
  other: 'ghs_other-token-0123456789',
} as const;
