import type { WriteKind } from './retry-policy.ts';

/**
 * The state that the writes of one save share. There may be a hundred files: once one was given up, each other file gets a
 * single try, until one succeeds. The next save starts with a new state.
 */
export class WriteSession {
  readonly kind: WriteKind;
  isFailing = false;

  constructor(kind: WriteKind) {
    this.kind = kind;
  }
}
