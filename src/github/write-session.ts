import type { WriteKind } from './retry-policy.ts';

/**
 * The writes of one save, which share their patience: once one file was given up, the other files, of which there may be
 * a hundred, get one try each until one succeeds. The next save starts anew.
 */
export class WriteSession {
  readonly kind: WriteKind;
  isFailing = false;

  constructor(kind: WriteKind) {
    this.kind = kind;
  }
}
